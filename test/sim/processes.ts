import {
  type EmittingProcess,
  type Key,
  of,
  type ProcessContext,
  state,
  type YieldingProcess,
} from '#src/api/index.js'
import { combined, level, type Row, risen } from './row.js'
import type { LevelWork } from './shape.js'

export type StateOfProcess = Readonly<Record<string, { readonly initial: unknown }>>

/** Operators with state and timers, for either layer. */
export type Process<State extends StateOfProcess> = EmittingProcess<Key, Row, State, Row> & {
  readonly state: State
}

/** Numbers the rows of a key: 1, 2, 3 … */
export function numbering(node: string, onRecord: () => void) {
  const counted = { n: state.value(0) }
  return processOf(counted, {
    onRecord({ key }, ctx, emit) {
      onRecord()
      ctx.state.n.update((n) => n + 1)
      emit(risen(node, key, ctx.state.n.get()))
    },
  })
}

/** The first row of an id, behind a keyBy of the id. */
export function sifting(onRecord: () => void) {
  return processOf(
    { isKnown: state.value(false) },
    {
      onRecord(row, ctx, emit) {
        onRecord()
        if (ctx.state.isKnown.get()) return
        ctx.state.isKnown.set(true)
        emit(row)
      },
    },
  )
}

/** Holds rows back until a timer of their key fires: one that is lost keeps them for ever. */
export function delaying(delayMs: number, onRecord: () => void) {
  return processOf(
    { waiting: state.value<readonly Row[]>([]) },
    {
      onRecord(row, ctx) {
        onRecord()
        ctx.state.waiting.update((waiting) => [...waiting, row])
        ctx.timers.in(delayMs, 'held')
      },
      onTimer(_, ctx, emit) {
        onRecord()
        for (const row of ctx.state.waiting.get()) emit(row)
        ctx.state.waiting.clear()
      },
    },
  )
}

/** What a timer that fires though it was cancelled leaves behind for good: what no key may ever have. */
const SPOILT = { total: 1e12, highest: 1e12, lowest: 0 } as const

/** Tells where a key stands: with each row, some time after each, or when it has been quiet for that time. */
export function levelling({ of: how, as, delayMs }: LevelWork, onRecord: () => void) {
  return processOf(
    { key: state.value(0), held: state.value<number | null>(null), due: state.value(0) },
    {
      onRecord({ key, value }, ctx, emit) {
        onRecord()
        const now = combined(ctx.state.held.get(), value, how)
        ctx.state.held.set(now)
        ctx.state.key.set(key)
        if (as === 'timer') ctx.timers.in(delayMs)
        else if (as !== 'quiet') emit(level(key, now))
        else {
          ctx.timers.cancel(ctx.state.due.get(), 'quiet')
          ctx.state.due.set(ctx.now() + delayMs)
          ctx.timers.set(ctx.state.due.get(), 'quiet')
        }
      },
      onTimer({ at }, ctx, emit) {
        onRecord()
        if (as === 'quiet' && at !== ctx.state.due.get()) ctx.state.held.set(SPOILT[how])
        const held = ctx.state.held.get()
        if (held !== null) emit(level(ctx.state.key.get(), held))
      },
    },
  )
}

/** The same process, as generators that yield what it emits. */
export function yielding<State extends StateOfProcess>({
  state,
  onRecord,
  onTimer,
}: Process<State>): YieldingProcess<Key, Row, State, Row, Row> {
  function* emitted(handle: (emit: (row: Row) => void) => void): Generator<Row, void, void> {
    const rows: Row[] = []
    handle((row) => rows.push(row))
    yield* rows
  }
  return {
    state,
    onRecord: (row, ctx) => emitted((emit) => onRecord(row, ctx, emit)),
    onTimer: (timer, ctx) => emitted((emit) => onTimer?.(timer, ctx, emit)),
  }
}

type Handlers<State extends StateOfProcess> = {
  onRecord(this: void, row: Row, ctx: ProcessContext<Key, State>, emit: (row: Row) => void): void
  onTimer?: Process<State>['onTimer']
}

function processOf<State extends StateOfProcess>(state: State, handlers: Handlers<State>): Process<State> {
  return { emits: of<Row>(), state, ...handlers } as Process<State>
}
