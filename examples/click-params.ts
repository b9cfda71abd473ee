import type { Duration } from 'retake'
import * as v from 'valibot'

/** What the click jobs take with `--param name=value`. */
export const ClickParams = v.object({
  /** `host:port`, several of them separated by commas. */
  brokers: v.string(),
  topic: v.optional(v.string(), 'clicks'),
  /** `postgres://user:password@host:port/name`; without it, the secret `database` is used. */
  database: v.optional(v.string()),
  table: v.optional(v.string()),
  /** 'true': read what is in the topic when the run begins, and end. */
  bounded: v.optional(v.picklist(['true', 'false']), 'false'),
  /** For example `1s`: the clicks of a user are added up for so long before they are sent on. Unless said, they are not. */
  combine: v.optional(v.custom<Duration>((text) => typeof text === 'string')),
  guarantee: v.optional(v.picklist(['exactly-once', 'at-least-once']), 'exactly-once'),
})
