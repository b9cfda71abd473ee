/**
 * What the runtime is measured against: the same clicks through the same functions, written by hand with nothing around
 * them. Each thread makes its share of the clicks, keeps those logged in, maps them, hands each to the thread that its
 * key belongs to, in batches over message ports, and sums. No checkpoints, no failure.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { murmurOf } from './bare-hash.js'
import { ACKNOWLEDGE_EVERY, BareWindow } from './bare-window.js'
import { clickAt, isLoggedIn, type Row, rowOf } from './clicks.js'
import { Progress } from './progress.js'

export interface BareShare {
  readonly thread: number
  readonly threads: number
  readonly clicks: number
  /** To each other thread, by its number. */
  readonly ports: readonly (MessagePort | undefined)[]
}

type Message = { readonly rows: readonly Row[] } | 'acknowledged' | 'end'

const BATCH = 1_024
/** Clicks that a thread makes before it takes what came from the others. */
const SLICE = 16 * BATCH

const { thread, threads, clicks, ports } = workerData as BareShare
const totals = new Map<string, number>()
const open: Row[][] = ports.map(() => [])
const windows = ports.map(() => new BareWindow())

function add(rows: readonly Row[]): void {
  for (let i = 0; i < rows.length; i++) {
    const { userId, clicks } = rows[i]!
    totals.set(userId, (totals.get(userId) ?? 0) + clicks)
  }
}

function make(from: number, to: number): void {
  for (let index = from; index < to; index += threads) {
    progress.onRecord()
    const click = clickAt(index)
    if (!isLoggedIn(click)) continue
    const row = rowOf(click)
    const owner = murmurOf(row.userId) % threads
    const rows = open[owner]!
    rows.push(row)
    if (rows.length === BATCH) close(owner)
  }
}

function close(owner: number): void {
  const rows = open[owner]!
  open[owner] = []
  if (owner === thread) return add(rows)
  send(owner, { rows })
  windows[owner]!.onSent()
}

function send(to: number, message: Message): void {
  ports[to]?.postMessage(message)
}

/** Resolves when the other thread has sent its last. */
function received(port: MessagePort, from: number): Promise<void> {
  let taken = 0
  return new Promise((resolve) => {
    port.on('message', (message: Message) => {
      if (message === 'end') return resolve()
      if (message === 'acknowledged') return windows[from]!.onAcknowledged()
      add(message.rows)
      if (++taken % ACKNOWLEDGE_EVERY === 0) send(from, 'acknowledged')
    })
  })
}

const progress = new Progress()
const all = Promise.all(ports.map((port, from) => port && received(port, from)))
for (let from = thread; from < clicks; from += SLICE * threads) {
  make(from, Math.min(clicks, from + SLICE * threads))
  await new Promise((resolve) => setImmediate(resolve))
  for (const window of windows) await window.room()
}
for (let owner = 0; owner < threads; owner++) {
  close(owner)
  send(owner, 'end')
}
await all
parentPort!.postMessage([...totals.values()].reduce((sum, total) => sum + total, 0))
