import type { Key } from '../kit/key.js'
import type { NotAPromise } from '../kit/not-a-promise.js'
import type { ProcessSpec } from '../operator/operator-spec.js'
import { asynchronous, type Place } from '../operator/user-code.js'
import type { ProcessContext, StateDescription, Timer, TypeOf } from './state.js'

/** Named places where records reach an operator or leave it, each with its type: `{ click: of<Click>() }`. */
export type Ports = Readonly<Record<string, TypeOf<unknown>>>

export type TypeOfPort<Port> = Port extends TypeOf<infer T> ? T : never

/** What an operator sees of the world: state and timers of the current key, and where it emits. */
export interface PortContext<State extends StateDescription, Emits extends Ports>
  extends ProcessContext<Key, State> {
  /** A function for each port: `ctx.emit.alert(record)`. */
  readonly emit: { readonly [Port in keyof Emits]: (record: TypeOfPort<Emits[Port]>) => void }
}

/**
 * An operator of the explicit layer, shaped like an actor: it receives at its ports, one record at a time, keeps state
 * and timers for each key, and emits at its ports.
 */
export interface OperatorDefinition<
  Receives extends Ports = Ports,
  Emits extends Ports = Ports,
  State extends StateDescription = StateDescription,
> {
  /** Where records come in: `{ click: of<Click>() }`. */
  readonly receives: Receives
  /** Where records leave: `{ alert: of<Alert>() }`. */
  readonly emits: Emits
  /** What each key has: `{ clicks: state.value(0) }`. Found again, in a checkpoint, by these names. */
  readonly state?: State
  /** A function for each port that it receives at, called once for each record. */
  readonly on: {
    readonly [Port in keyof Receives]: (
      record: TypeOfPort<Receives[Port]>,
      ctx: PortContext<NoInfer<State>, NoInfer<Emits>>,
    ) => NotAPromise
  }
  /** Once for each timer that is due, with the state of the key that has set it. */
  readonly onTimer?: (timer: Timer, ctx: PortContext<NoInfer<State>, NoInfer<Emits>>) => NotAPromise
}

/** Types its parts by one another. */
export function operator<Receives extends Ports, Emits extends Ports, State extends StateDescription>(
  definition: OperatorDefinition<Receives, Emits, State>,
): OperatorDefinition<Receives, Emits, State> {
  return definition
}

/** A record with the port that it is for; travels only where an operator has more ports than one. */
export interface Tagged {
  /** Of what comes in: which connection it came by. Of what goes out: the port. */
  readonly tag: string
  readonly record: unknown
}

type Handler = (input: unknown, ctx: unknown) => unknown
type Emit = (record: unknown) => void

/**
 * The definition as one process function. `portOf` tells the port of what comes in by its tag, and is empty where
 * records come in without one: by the time records come, all connections are in it. What a handler does is done when it
 * returns: RT1603 for one that returns a promise, which would go on under the key of another record.
 */
export function processSpecOfPorts(
  { emits, state = {}, on, onTimer }: OperatorDefinition,
  portOf: ReadonlyMap<string, string>,
  place: Place,
): ProcessSpec {
  const handlers = on as Readonly<Record<string, Handler>>
  const [only = ''] = Object.keys(handlers)
  const contexts = new WeakMap<object, object>()
  const contextOf = (ctx: object, emit: Emit): object => {
    const known = contexts.get(ctx)
    if (known !== undefined) return known
    const made = portContext(ctx, Object.keys(emits), emit)
    contexts.set(ctx, made)
    return made
  }
  return {
    state,
    onRecord: (input, ctx, emit) => {
      const user = contextOf(ctx as object, emit)
      if (portOf.size === 0) return mustBeDone(handlers[only]?.(input, user), place)
      const { tag, record } = input as Tagged
      mustBeDone(handlers[portOf.get(tag) ?? only]?.(record, user), place)
    },
    ...(onTimer === undefined
      ? {}
      : {
          onTimer: (timer, ctx, emit) =>
            mustBeDone((onTimer as Handler)(timer, contextOf(ctx as object, emit)), place),
        }),
  }
}

function mustBeDone(returned: unknown, place: Place): void {
  if (returned instanceof Promise) throw asynchronous(place)
}

/** The runtime's context, with `emit` by port: all else is looked up in it. */
function portContext(ctx: object, ports: readonly string[], emit: Emit): object {
  const tagged = ports.length > 1
  const emitters = ports.map(
    (tag) => [tag, tagged ? (record: unknown) => emit({ tag, record }) : emit] as const,
  )
  return {
    emit: Object.fromEntries(emitters),
    get key() {
      return (ctx as ProcessContext<Key, StateDescription>).key
    },
    state: (ctx as ProcessContext<Key, StateDescription>).state,
    timers: (ctx as ProcessContext<Key, StateDescription>).timers,
    now: () => (ctx as ProcessContext<Key, StateDescription>).now(),
  }
}
