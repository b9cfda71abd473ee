import { existsSync, writeFileSync } from 'node:fs'
import { file, job, of, type Params, state } from 'retake'
import { numbers } from './numbers.js'

export interface Tick {
  readonly key: string
  readonly tick: number
  readonly seen: number
}

/** Each key ticks from its first number on, each tick by a timer that the one before has set, and tells what it saw. */
export default job(
  'ticking',
  { checkpoint: { interval: '100ms' }, restart: { type: 'fixed-delay', attempts: 3, delay: '20ms' } },
  (flow) => {
    const { output, throwAt, once } = { ...(flow.params as Params) }
    flow
      .from('numbers', numbers({ count: undefined, rate: '500' }))
      .keyBy(({ key }) => key)
      .process('ticks', {
        emits: of<Tick>(),
        state: { tick: state.value(0), seen: state.value(0) },
        onRecord(_, { state, timers }) {
          if (state.seen.get() === 0) timers.in('200ms')
          state.seen.update((seen) => seen + 1)
        },
        onTimer(_, { key, state, timers }, emit) {
          state.tick.update((tick) => tick + 1)
          const tick = state.tick.get()
          if (tick === Number(throwAt) && (once === undefined || !existsSync(once))) {
            if (once !== undefined) writeFileSync(once, '')
            throw new Error('the clock is broken')
          }
          emit({ key, tick, seen: state.seen.get() })
          timers.in('200ms')
        },
      })
      .to('ticks-out', file.sink({ path: output ?? '' }))
  },
)
