import * as v from 'valibot'
import { type Flow, job, type Stream } from '#src/api/index.js'
import { kafka } from '#src/api/kafka.js'

export const Click = v.object({ userId: v.string(), url: v.string(), ts: v.number(), loggedIn: v.boolean() })

/** A job over clicks, to be described wrongly. */
export function clicksJob(build: (clicks: Stream<v.InferOutput<typeof Click>>, flow: Flow) => void): void {
  job('wrong', (flow) =>
    build(flow.from('clicks', kafka.source({ brokers: 'a:1', topic: 'clicks', schema: Click })), flow),
  )
}
