import type { Asks } from 'retake/actor'

/** What the actor `pong` hears. Plain data: it crosses machines. */
export type PongMessage = { readonly type: 'ping'; readonly number: number } & Asks<Pong>

export interface Pong {
  readonly number: number
  /** Of the process that answered. */
  readonly pid: number
}
