import * as v from 'valibot'

/** A click as it stands in the topic: `{"userId":"ann","url":"/","ts":1700000000000,"loggedIn":true}`. */
export const Click = v.object({
  userId: v.string(),
  url: v.string(),
  /** Milliseconds since 1970. */
  ts: v.number(),
  loggedIn: v.boolean(),
})

export type Click = v.InferOutput<typeof Click>
