/**
 * What the runtime is measured against: the same clicks through the same functions in two threads, written by hand with
 * nothing around them. Each thread makes half of the clicks, keeps those logged in, maps them, hands each to the thread
 * that its key belongs to in batches over a message port, and sums. No checkpoints, no credit, no failure.
 */
import { once } from 'node:events'
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads'
import { murmurOf } from './bare-hash.js'
import { clickAt, isLoggedIn, type Row, rowOf } from './clicks.js'

interface Share {
  readonly thread: number
  readonly threads: number
  readonly count: number
}

type Message = { readonly rows: readonly Row[] } | { readonly end: true }

const BATCH = 1_024
/** Batches that may be under way to the other thread: without a bound the ports would hold the whole run. */
const SLICE = 16

/** Clicks per second of `count` clicks in two threads, from the first click to the last sum. */
export async function bareClicksPerSecond(count: number): Promise<number> {
  const threads = 2
  const workers = Array.from({ length: threads }, (_, thread) => {
    const share: Share = { thread, threads, count }
    return new Worker(new URL(import.meta.url), { workerData: share })
  })
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const { port1, port2 } = new MessageChannel()
  const done = Promise.all(workers.map((worker) => once(worker, 'message')))
  const startedAt = performance.now()
  workers[0]!.postMessage(port1, [port1 as unknown as MessagePort])
  workers[1]!.postMessage(port2, [port2 as unknown as MessagePort])
  const sums = (await done).map(([sum]) => sum as number)
  const seconds = (performance.now() - startedAt) / 1_000
  await Promise.all(workers.map((worker) => worker.terminate()))
  const expected = count - Math.ceil(count / 4)
  const total = sums.reduce((all, sum) => all + sum, 0)
  if (total !== expected) throw new Error(`the bare loop counted ${total} clicks of ${expected}`)
  return count / seconds
}

async function thread({ thread, threads, count }: Share): Promise<void> {
  const main = parentPort!
  main.postMessage('ready')
  const [port] = (await once(main, 'message')) as [MessagePort]
  const totals = new Map<string, number>()
  const other: Row[][] = [[]]
  let ended = 0
  const add = (rows: readonly Row[]) => {
    for (let i = 0; i < rows.length; i++) {
      const { userId, clicks } = rows[i]!
      totals.set(userId, (totals.get(userId) ?? 0) + clicks)
    }
  }
  const finish = () => {
    if (++ended < 2) return
    let sum = 0
    for (const total of totals.values()) sum += total
    main.postMessage(sum)
    port.close()
  }
  port.on('message', (message: Message) => {
    if ('end' in message) finish()
    else add(message.rows)
  })
  for (let from = thread; from < count; from += BATCH * SLICE * threads) {
    const to = Math.min(count, from + BATCH * SLICE * threads)
    let mine: Row[] = []
    let theirs = other[0]!
    for (let index = from; index < to; index += threads) {
      const click = clickAt(index)
      if (!isLoggedIn(click)) continue
      const row = rowOf(click)
      if (murmurOf(row.userId) % threads === thread) mine.push(row)
      else theirs.push(row)
      if (mine.length === BATCH) {
        add(mine)
        mine = []
      }
      if (theirs.length === BATCH) {
        port.postMessage({ rows: theirs })
        theirs = []
      }
    }
    add(mine)
    other[0] = theirs
    // The other thread's batches are taken between two slices.
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (other[0]!.length > 0) port.postMessage({ rows: other[0] })
  port.postMessage({ end: true })
  finish()
}

if (parentPort !== null) await thread(workerData as Share)
