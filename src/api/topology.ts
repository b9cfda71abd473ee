import type { StreamGraphBuilder } from '../graph/stream-graph-builder.js'
import { checkId } from '../graph/stream-graph-builder.js'
import { RetakeError } from '../kit/errors.js'
import type { Key, KeySelector } from '../kit/key.js'
import { guardedKey } from '../operator/user-code.js'
import { callSite } from './call-site.js'
import type { Sink, Source } from './ends.js'
import { type Job, jobOf } from './job.js'
import {
  type OperatorDefinition,
  type Ports,
  processSpecOfPorts,
  type Tagged,
  type TypeOfPort,
} from './operator.js'
import type { OperatorOptions } from './operator-options.js'
import type { JobOptions } from './options.js'
import type { Params, ParamsOf } from './params.js'
import type { Partitioner } from './partitioners.js'
import { keyOfFields } from './plain-fields.js'
import { requiredEnd, requiredFunction } from './required.js'
import type { StandardSchema } from './standard-schema.js'
import type { StateDescription } from './state.js'

/** Where records leave a vertex. */
export interface OutPort<T> {
  /** The id of the vertex. */
  readonly vertex: string
  /** The operator whose records these are. */
  readonly node: number
  /** Never there. */
  readonly '~record'?: T | undefined
}

/** Where records reach a vertex. */
export interface InPort<in T> {
  /** The id of the vertex. */
  readonly vertex: string
  /** The name of the port; `in` of a sink. */
  readonly port: string
  /** Never there. */
  readonly '~takes'?: ((record: T) => void) | undefined
}

export interface OperatorVertex<Receives extends Ports, Emits extends Ports> {
  readonly in: { readonly [Port in keyof Receives]: InPort<TypeOfPort<Receives[Port]>> }
  readonly out: { readonly [Port in keyof Emits]: OutPort<TypeOfPort<Emits[Port]>> }
}

/** A vertex that takes records: what connects to it is known when all is described. */
interface Receiver {
  readonly node: number
  readonly ports: readonly string[]
  readonly keyFields: readonly string[] | undefined
  readonly isSink: boolean
  readonly inputs: Connection[]
  /** By the tag of a connection, where there are several. */
  readonly portOf: Map<string, string>
  readonly keyOf: Map<string, KeySelector>
}

interface Connection {
  readonly from: OutPort<unknown>
  readonly port: string
  readonly how: Partitioner<never> | undefined
  readonly where: string
}

/**
 * The layer that streams compile to, for those who want to lay it out themselves: vertices are operators with state,
 * timers and typed ports, edges are partitioners.
 *
 * An operator with one port on a side has its records as they are. With several, records travel tagged: small
 * operators that add or read the tag are fused to the sender.
 */
export class Topology<P = Params> {
  /** What was submitted with `--param name=value`. */
  readonly params: P
  readonly #builder: StreamGraphBuilder
  readonly #receivers = new Map<string, Receiver>()

  constructor(builder: StreamGraphBuilder, params: P) {
    this.#builder = builder
    this.params = params
  }

  /** A vertex of a source. How far it was read is found again, in a checkpoint, by `id`. */
  source<T>(id: string, source: Source<T>, options: OperatorOptions = {}): { readonly out: OutPort<T> } {
    const where = callSite(this.source)
    checkId(id, where, 'a source')
    requiredEnd('source', 'source', source, where)
    const { parallelism, chaining } = options
    const node = this.#builder.add(
      { id, operator: { kind: 'source', source }, parallelism, chaining, where },
      [],
    )
    return { out: { vertex: id, node } }
  }

  /**
   * A vertex of an operator, with a port for each that it receives or emits at. Its state is found again, in a
   * checkpoint, by `id`.
   */
  operator<Receives extends Ports, Emits extends Ports, State extends StateDescription>(
    id: string,
    definition: OperatorDefinition<Receives, Emits, State>,
    options: OperatorOptions = {},
  ): OperatorVertex<Receives, Emits> {
    const where = callSite(this.operator)
    checkId(id, where, 'an operator')
    const { parallelism, chaining } = options
    const ports = Object.keys(definition.receives)
    const keyOf = new Map<string, KeySelector>()
    const portOf = new Map<string, string>()
    const process = processSpecOfPorts(definition as unknown as OperatorDefinition, portOf, {
      operator: id,
      where,
    })
    const operator = {
      kind: 'process',
      keyOf: (record: unknown) => keyOfInput(record, keyOf),
      process,
    } as const
    const node = this.#builder.add({ id, operator, parallelism, chaining, where }, [])
    this.#receivers.set(id, { node, ports, keyFields: undefined, isSink: false, inputs: [], portOf, keyOf })
    const outPorts = Object.keys(definition.emits)
    const outOf = (port: string): OutPort<never> =>
      outPorts.length === 1
        ? { vertex: id, node }
        : { vertex: id, node: this.#select(id, node, port, options, where) }
    return {
      in: Object.fromEntries(ports.map((port) => [port, { vertex: id, port }])),
      out: Object.fromEntries(outPorts.map((port) => [port, outOf(port)])),
    } as unknown as OperatorVertex<Receives, Emits>
  }

  /** A vertex of a sink. What it has staged is found again, in a checkpoint, by `id`. */
  sink<T>(id: string, sink: Sink<T>, options: OperatorOptions = {}): { readonly in: InPort<T> } {
    const where = callSite(this.sink)
    checkId(id, where, 'a sink')
    requiredEnd('sink', 'sink', sink, where)
    const { parallelism, chaining } = options
    const node = this.#builder.add({ id, operator: { kind: 'sink', sink }, parallelism, chaining, where }, [])
    const { keyFields } = sink
    this.#receivers.set(id, {
      node,
      ports: ['in'],
      keyFields,
      isSink: true,
      inputs: [],
      portOf: new Map(),
      keyOf: new Map(),
    })
    return { in: { vertex: id, port: 'in' } }
  }

  /**
   * To an operator records travel by `hash`; to a keyed sink by its own key, and `how` is left out. Throws RT1009 for
   * another way, and for a port of another topology.
   */
  connect<T>(from: OutPort<T>, to: InPort<NoInfer<T>>, how?: Partitioner<NoInfer<T>>): void {
    const where = callSite(this.connect)
    const receiver = this.#receivers.get(to.vertex)
    if (receiver === undefined) throw wrongPort(`the vertex ${to.vertex} is not of this topology`, where)
    if (!receiver.isSink && how?.spec.kind !== 'hash') {
      throw wrongPort(
        `${to.vertex}.${to.port} is reached by ${how?.spec.kind ?? 'nothing that says how'}`,
        where,
      )
    }
    if (receiver.keyFields !== undefined && how !== undefined) {
      throw wrongPort(
        `the keyed sink ${to.vertex} is reached by the hash of its own key, so that a key has one writer`,
        where,
      )
    }
    receiver.inputs.push({ from, port: to.port, how: how as Partitioner<never> | undefined, where })
  }

  /** Makes the edges, now that all connections are known. */
  finish(): void {
    for (const [vertex, receiver] of this.#receivers) {
      if (receiver.isSink) this.#connectSink(vertex, receiver)
      else this.#connectOperator(vertex, receiver)
    }
  }

  #connectSink(vertex: string, { node, keyFields, inputs }: Receiver): void {
    for (const { from, how, where } of inputs) {
      const keyed =
        keyFields === undefined ? undefined : guardedKey(keyOfFields(keyFields), { operator: vertex, where })
      this.#builder.connect(
        from.node,
        node,
        keyed === undefined ? how?.spec : { kind: 'hash', keyOf: keyed },
        where,
      )
    }
  }

  #connectOperator(vertex: string, { node, ports, inputs, portOf, keyOf }: Receiver): void {
    const isTagged = ports.length > 1 || inputs.length > 1
    for (const port of ports) {
      if (!inputs.some((input) => input.port === port))
        throw wrongPort(`nothing is connected to ${vertex}.${port}`)
    }
    for (const [i, { from, port, how, where }] of inputs.entries()) {
      if (how?.spec.kind !== 'hash') continue
      const select = how.spec.keyOf
      if (!isTagged) {
        keyOf.set('', select)
        this.#builder.connect(from.node, node, how.spec, where)
        continue
      }
      const tag = `${port}-${i}`
      portOf.set(tag, port)
      keyOf.set(tag, select)
      const tagging = this.#then(
        from.node,
        { kind: 'map', map: (record) => ({ tag, record }) },
        `${vertex}.${tag}`,
        where,
      )
      const keyOfTagged = (record: unknown): Key => select((record as Tagged).record)
      this.#builder.connect(tagging, node, { kind: 'hash', keyOf: keyOfTagged }, where)
    }
  }

  /** The records that an operator with several ports emits at `port`, without their tags. */
  #select(id: string, node: number, port: string, { parallelism }: OperatorOptions, where: string): number {
    const expand = (emitted: unknown): readonly unknown[] => {
      const { tag, record } = emitted as Tagged
      return tag === port ? [record] : NOTHING
    }
    const operator = { kind: 'flat-map', expand } as const
    const added = { id: `${id}.${port}`, operator, parallelism, chaining: undefined, where }
    return this.#builder.add(added, [{ from: node, partitioner: undefined }])
  }

  #then(
    from: number,
    operator: { kind: 'map'; map: (record: unknown) => unknown },
    id: string,
    where: string,
  ): number {
    const parallelism = this.#builder.parallelismOf(from)
    const added = { id, operator, parallelism, chaining: undefined, where }
    return this.#builder.add(added, [{ from, partitioner: undefined }])
  }
}

const NOTHING: readonly unknown[] = []

function keyOfInput(record: unknown, keyOf: ReadonlyMap<string, KeySelector>): Key {
  const untagged = keyOf.get('')
  if (untagged !== undefined) return untagged(record)
  const { tag, record: inner } = record as Tagged
  const select = keyOf.get(tag)
  if (select === undefined) throw wrongPort(`a record came by ${tag}, which is no connection`)
  return select(inner)
}

/** Describes a job as vertices and edges. */
export function topology(name: string, build: (topology: Topology<Params>) => unknown): Job
export function topology<Schema extends StandardSchema = never>(
  name: string,
  options: JobOptions<Schema>,
  build: (topology: Topology<ParamsOf<Schema>>) => unknown,
): Job
export function topology(
  name: string,
  optionsOrBuild: JobOptions | ((topology: Topology<never>) => unknown),
  build?: (topology: Topology<never>) => unknown,
): Job {
  const where = callSite(topology)
  const [options, describe] =
    typeof optionsOrBuild === 'function' ? [{}, optionsOrBuild] : [optionsOrBuild, build]
  if (typeof describe !== 'function') requiredFunction('topology', describe, where)
  return jobOf(name, options, where, (builder, params) => {
    const described = new Topology(builder, params as never)
    const result = describe?.(described)
    described.finish()
    return result
  })
}

function wrongPort(what: string, where?: string): RetakeError {
  return new RetakeError('RT1009', {
    what,
    why: 'an operator keeps its state by key, so each of its ports is reached by hash(…)',
    fix: 'connect every port of an operator with hash((record) => key)',
    where,
  })
}
