import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { Packr } from 'msgpackr'
import { type BareMessage, BareShare, type Part } from './bare-share.js'

export interface BareThread {
  readonly part: Part
  /** Sends bytes of its own making, instead of objects that the port copies. */
  readonly isPacked: boolean
  /** To each other thread, by its part. */
  readonly ports: readonly (MessagePort | undefined)[]
}

const { part, isPacked, ports } = workerData as BareThread
const packr = new Packr({ useRecords: true })
const share = new BareShare(part, (to, message) => {
  if (!isPacked) return ports[to]?.postMessage(message)
  const bytes = Uint8Array.from(packr.pack(message))
  ports[to]?.postMessage(bytes, [bytes.buffer])
})
for (const [from, port] of ports.entries()) {
  port?.on('message', (sent: BareMessage | Uint8Array) =>
    share.onMessage(from, sent instanceof Uint8Array ? (packr.unpack(sent) as BareMessage) : sent),
  )
}
parentPort!.postMessage(await share.run())
