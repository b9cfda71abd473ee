import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { type BareMessage, BareShare, type Part } from './bare-share.js'

export interface BareThread {
  readonly part: Part
  /** To each other thread, by its part. */
  readonly ports: readonly (MessagePort | undefined)[]
}

const { part, ports } = workerData as BareThread
const share = new BareShare(part, (to, message) => ports[to]?.postMessage(message))
for (const [from, port] of ports.entries()) {
  port?.on('message', (message: BareMessage) => share.onMessage(from, message))
}
parentPort!.postMessage(await share.run())
