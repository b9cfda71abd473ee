import { EventEmitter } from 'node:events'
import { SIZES } from '../micro/actor-sizes.js'
import type { Round } from '../micro/steady-state.js'

/** Node's `EventEmitter` where an actor would be: no mailbox and no turns, a call of each listener. */

export function tells(): Round {
  const counter = new EventEmitter()
  let count = 0
  counter.on('increment', ({ by }: { by: number }) => {
    count += by
  })
  return () => {
    const before = count
    for (let i = 0; i < SIZES.tell.messages; i++) counter.emit('increment', { by: 1 })
    return count - before
  }
}

export function forkJoin(): Round {
  const { actors, messagesEach } = SIZES.forkJoin
  let done = 0
  let sum = 0
  const workers = Array.from({ length: actors }, () => {
    const worker = new EventEmitter()
    worker.on('work', ({ x }: { x: number }) => {
      sum += x
      done++
    })
    return worker
  })
  return () => {
    const before = done
    for (let i = 0; i < messagesEach; i++) for (const worker of workers) worker.emit('work', { x: i })
    if (sum < 0) throw new Error('the sum of what was sent is no negative number')
    return done - before
  }
}
