// SPDX-License-Identifier: GPL-2.0-only
/** Boot flows: ways from the initrd to /init, and whether a machine has what one uses. */
import { UserError } from '../host/errors.ts';
import type { Image } from '../image/image.ts';
import type { Part } from '../image/segments.ts';
import type { Clock, DiskLimit } from './boot.ts';
import type { Feature, Machine, Vm } from './machine.ts';

/** A boot flow: src/boot/flow/<id>.ts; the folder is the registry. */
export interface Flow {
  readonly id: string;
  readonly summary: string;
  /** What not every machine has. */
  readonly uses?: Feature;
  /** Which kernels it boots on: any, or only one that carries the series. */
  readonly kernel: 'any' | 'series';
  /** An option that not every kernel has, and the fragment that asks for it. */
  readonly requires?: { readonly option: string; readonly fragment: string };
  /** Formats its payload image may have; the first is the default. */
  readonly formats: readonly string[];
  /** False for `floor`: it boots the probe alone, whatever the payload. */
  readonly usesPayload: boolean;
  /** The word of the command line that names the payload's first program: `rdinit`, or `init` where the kernel mounts
   *  the root itself, unless a first stage of the flow's own is what the kernel runs. */
  readonly initWord: 'rdinit' | 'init' | 'INITBENCH_INIT';
  /** Images of the flow's own, packed beside the payload's. */
  readonly needs: readonly { readonly payload: string; readonly format: string }[];
  /** The machine for a payload image; `extra` are the images the flow asked for in `needs`.
   *  @throws UserError when they cannot be put into it */
  vm(input: FlowInput): FlowMachine;
}

/** What a flow has the boot loader hand over, and what the guest finds. */
export interface FlowMachine extends Pick<Vm, 'disks' | 'append'> {
  /** An image as it is, or parts that make one. */
  readonly initrd?: Image | readonly InitrdPart[];
}

/** A part of an initrd; with a path, the image as a file of that name in an archive. */
export type InitrdPart = Part | { readonly file: string; readonly image: Image };

export interface FlowInput {
  readonly image: Image;
  /** In the order of `needs`. */
  readonly extra: readonly Image[];
  readonly clock: Clock;
  readonly memoryMiB: number;
  readonly machine: Machine;
  /** There is a disk that the machine boots from. */
  readonly bootsFromDisk?: boolean;
}

/** Why a flow cannot be booted on a machine; undefined where it can. */
export const unbootable = ({ uses }: Pick<Flow, 'uses'>, { lacks }: Machine): string | undefined =>
  uses === undefined ? undefined : lacks[uses];

/** Before a kernel is built for it. @throws UserError when a flow, or what is asked for with it, needs what the machine
 *  lacks */
export function requireFeatures(
  machine: Machine,
  flow: Pick<Flow, 'id' | 'uses'>,
  asked: { readonly interactive?: boolean | undefined; readonly via?: DiskLimit | undefined } = {},
): void {
  const { id, lacks } = machine;
  const reason = unbootable(flow, machine);
  if (reason !== undefined) {
    throw new UserError(`the flow ${flow.id} cannot be booted on ${id}: ${reason}`, {
      hint: 'boot another flow, or leave out --machine',
    });
  }
  if (asked.via && lacks.firmware !== undefined)
    throw new UserError(lacks.firmware, { hint: 'leave out --via uefi' });
  if (asked.interactive && lacks.typing !== undefined) {
    throw new UserError(lacks.typing, { hint: 'leave out --interactive, or --machine' });
  }
}
