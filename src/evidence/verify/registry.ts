// SPDX-License-Identifier: GPL-2.0-only
/** The requirements: those the folder requirement/ has boots for, and those that are argued in the cover letter. */
import { loadRegistry } from '../../image/registry.ts';
import { unknownName } from '../../workspace.ts';
import { type Requirement, spokenId, type Weight } from './requirement.ts';

/** What no boot of this workbench shows, and where it is answered instead. */
export interface Argued {
  readonly id: string;
  readonly title: string;
  readonly askedBy: string;
  readonly weight: Weight;
  readonly where: string;
}

export const argued: readonly Argued[] = [
  {
    id: 'r01',
    title: 'figures of what exists: memmap= and DAX',
    askedBy: 'Gao, Hellwig',
    weight: 'hard',
    where: 'the memmap flow, a row of the table of figures in the cover letter',
  },
  {
    id: 'r02',
    title: 'VFS and MM agree on the direction first',
    askedBy: 'Gao, Brauner',
    weight: 'hard',
    where: 'cover letter: the series is an RFC that names the mechanisms and asks',
  },
  {
    id: 'r03',
    title: 'why user space is not enough',
    askedBy: 'Safin, Poettering',
    weight: 'hard',
    where: 'cover letter, with the userspace flow as a row of the table of figures',
  },
  {
    id: 'r04',
    title: 'the use case and its limits',
    askedBy: 'Poettering',
    weight: 'soft',
    where: 'cover letter, with the figures by size and by share of files read',
  },
  {
    id: 'r05',
    title: 'argued by people, assistance disclosed',
    askedBy: 'Gao',
    weight: 'hard',
    where: 'the trailer of each patch; what is copied is called a copy',
  },
  {
    id: 'r29',
    title: 'LSM hook behind the finished root',
    askedBy: 'existing behaviour',
    weight: 'implied',
    where:
      'init/initramfs.c: security_initramfs_populated() comes when the overlay is /, as before when rootfs is',
  },
  {
    id: 'r30',
    title: 'hostile images do not harm the kernel',
    askedBy: 'existing behaviour',
    weight: 'implied',
    where:
      'initbench series fuzz SERIES: its record of images, seeds and outcomes, totals in the cover letter',
  },
  {
    id: 'r35',
    title: 'small, revertable, several architectures',
    askedBy: 'Safin, Brauner',
    weight: 'soft',
    where: 'cover letter: the diffstat, and what every patch does alone',
  },
];

/** All requirements that are booted, in the order of their numbers. */
export const listRequirements = (): Promise<Requirement[]> =>
  loadRegistry<Requirement>(new URL('../requirement', import.meta.url));

/** 'R6', 'r06' and '6' name the same. @throws UserError with the list when there is none */
export function findRequirements(
  all: readonly { readonly id: string }[],
  names: readonly string[],
): Set<string> {
  return new Set(
    names.map(name => {
      const number = /^r?0*(\d+)$/i.exec(name.trim())?.[1] ?? '';
      const found = all.find(({ id }) => id === `r${number.padStart(2, '0')}`);
      if (found) return found.id;
      throw unknownName(
        'requirement',
        name,
        all.map(({ id }) => spokenId(id)),
      );
    }),
  );
}
