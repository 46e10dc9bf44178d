// SPDX-License-Identifier: GPL-2.0-only
/** What --only means: patches by number or file name, questions by name. Pure. */
import { unknownName } from '../../workspace.ts';
import { type Asked, type CheckPlan, numberOf, type Question, questionsOf } from './check.ts';

/** Patches and questions narrow each other; of what is not named all are meant.
 *  @throws UserError for a word that is neither */
export function askedOf(plan: Pick<CheckPlan, 'patches' | 'flows'>, words: readonly string[]): Asked {
  const questions = questionsOf(plan);
  const [patches, named] = [new Set<number>(), new Set<Question>()];
  for (const word of words) {
    const patch = patchOf(plan, word);
    if (patch >= 0) patches.add(patch);
    else if (questions.includes(word)) named.add(word);
    else {
      const known = [...questions, ...plan.patches.map(numberOf)];
      throw unknownName('patch or question of this series', word, known);
    }
  }
  return {
    patches: patches.size > 0 ? patches : new Set(plan.patches.keys()),
    questions: named.size > 0 ? named : new Set(questions),
  };
}

/** '3', '0003', or the file's name with or without its end. */
const patchOf = (plan: Pick<CheckPlan, 'patches'>, word: string): number =>
  plan.patches.findIndex(
    patch =>
      (/^\d+$/.test(word) && Number(word) === Number(numberOf(patch))) ||
      word === patch.file ||
      `${word}.patch` === patch.file,
  );
