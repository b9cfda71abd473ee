import { once } from 'node:events'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { Sample } from '../suite/sample.js'
import type { BareThread } from './bare-thread.js'
import { loggedInOf } from './clicks.js'
import { ledgerOf } from './ledger.js'
import { MeasuredProcess } from './measured-process.js'

export interface BareLoop {
  readonly threads: number
  readonly clicks: number
  /** Clicks that are made before anything counts. */
  readonly warmUp: number
}

/** The hand-written loop in so many threads of this process, from the first click to the last sum. */
export async function measure({ threads, clicks, warmUp }: BareLoop): Promise<Sample> {
  const process = new MeasuredProcess(warmUp)
  const workers = meshOf(threads).map((ports, part) => {
    const workerData: BareThread = { part: { part, parts: threads, clicks }, ports }
    const transferList = ports.filter((port) => port !== undefined)
    return new Worker(new URL('./bare-thread.js', import.meta.url), { workerData, transferList })
  })
  const sums = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number))
  const sample = process.measured(clicks)
  process.close()
  await Promise.all(workers.map((worker) => worker.terminate()))
  const total = sums.reduce((all, sum) => all + sum, 0)
  return { ...sample, ledger: ledgerOf(loggedInOf(clicks), total) }
}

/** A channel between every two threads: what each of them holds, by the other. */
function meshOf(threads: number): (MessagePort | undefined)[][] {
  const ports = Array.from({ length: threads }, () =>
    new Array<MessagePort | undefined>(threads).fill(undefined),
  )
  for (let a = 0; a < threads; a++) {
    for (let b = a + 1; b < threads; b++) {
      const { port1, port2 } = new MessageChannel()
      ports[a]![b] = port1
      ports[b]![a] = port2
    }
  }
  return ports
}
