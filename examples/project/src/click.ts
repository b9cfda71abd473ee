import * as v from 'valibot'

/** A click as it stands in the topic: `{"userId":"ann","url":"/","loggedIn":true}`. */
export const Click = v.object({
  userId: v.string(),
  url: v.string(),
  loggedIn: v.boolean(),
})

export type Click = v.InferOutput<typeof Click>
