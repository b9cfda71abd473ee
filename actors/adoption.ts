import type { ActorRef } from '#src/actor/actor.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { SubtaskId } from '#src/kit/ids.js'
import type { SlotMessage } from './slot.js'
import type { SubtaskStanding } from './subtask-message.js'
import type { AdoptSlotAnswer } from './task-manager.js'

export type LivingSubtask = Exclude<SubtaskStanding, { state: 'FAILED' }>

/** What becomes of an attempt that another leader had started. */
export type AdoptionOutcome =
  /** Not every slot has told. */
  | { readonly kind: 'collecting' }
  /** All of it is there, and goes on. */
  | {
      readonly kind: 'whole'
      /** By parallel index. */
      readonly slots: readonly ActorRef<SlotMessage>[]
      readonly subtasks: readonly LivingSubtask[]
    }
  /** It had failed while nobody led. */
  | { readonly kind: 'failed'; readonly error: ErrorInfo }
  /** It was never deployed whole, or is being closed: nobody's failure, and no use. */
  | { readonly kind: 'broken' }

/** Collects how it stands with an attempt that is taken over: a word from each of its slots. */
export class Adoption {
  readonly #subtasks: readonly SubtaskId[]
  readonly #answers: (AdoptSlotAnswer | undefined)[]

  /** @param slots how many the attempt has */
  constructor(subtasks: readonly SubtaskId[], slots: number) {
    this.#subtasks = subtasks
    this.#answers = Array.from({ length: slots }, () => undefined)
  }

  /** What is told again is as it was told first. */
  onSlot(index: number, answer: AdoptSlotAnswer): AdoptionOutcome {
    this.#answers[index] ??= answer
    const slots: ActorRef<SlotMessage>[] = []
    const living = new Map<SubtaskId, LivingSubtask>()
    for (const one of this.#answers) {
      if (one === undefined) return { kind: 'collecting' }
      if (one.kind === 'gone') {
        if (one.error !== undefined) return { kind: 'failed', error: one.error }
        continue
      }
      slots.push(one.slot)
      for (const standing of one.subtasks) {
        if (standing.state === 'FAILED') return { kind: 'failed', error: standing.error }
        living.set(standing.subtask, standing)
      }
    }
    if (this.#subtasks.some((id) => !living.has(id))) return { kind: 'broken' }
    return { kind: 'whole', slots, subtasks: [...living.values()] }
  }
}
