import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Address } from '#src/actor/actor.js'
import { NatsSubjects } from '#src/actor/transport/nats-subjects.js'
import { type ControlParcel, encodeParcel } from '#src/actor/transport/parcel-bytes.js'
import { natsPermissions } from '#src/cli/nats-permissions.js'
import { JOB_MANAGER_NAME, PROTOCOL } from '#src/cluster/protocol.js'
import type { Attempt, ChannelIndex, CheckpointId, SystemId } from '#src/kit/ids.js'
import type { Frame } from '#src/record/element.js'
import { encodeFrame, HEADER_BYTES, KIND } from '#src/record/frame-codec.js'
import { pageOf, rowsOf } from './docs.js'
import { isNode, nodesIn, readHouse, type SyntaxNode } from './source-module.js'

const PROTOCOL_PAGE = pageOf('docs/protocol.md')
const HOUSE = readHouse()

test('when the page names the version of the protocol, then it is that of the code', () => {
  expect(PROTOCOL_PAGE.text).toContain(`Its version is a number, ${PROTOCOL} now`)
})

test('when the page names subjects of lanes, then those are subscribed to and published on', () => {
  const path = 'node.task-manager-0'
  const filled = (text: string) =>
    text.replace('<cluster>', 'prod').replace('<system>', 'sys1').replace('<path>', path)
  const told = rowsOf(PROTOCOL_PAGE, 'subject').flatMap(([subject = '', , subscribed = '']) =>
    codesIn(`${subject} ${subscribed}`).map(filled),
  )
  for (const lane of ['c', 'd'] as const) {
    const subjects = new NatsSubjects('prod', lane)
    const system = 'sys1' as SystemId
    expect(told).toContain(subjects.of(`sys1.${path}` as Address))
    expect(told).toContain(subjects.allOf(system))
    expect(told).toContain(subjects.selfTestOf(system))
  }
  const control = new NatsSubjects('prod', 'c')
  expect(told).toContain(control.allOf(JOB_MANAGER_NAME))
  expect(told).toContain(control.of(`${JOB_MANAGER_NAME}.${path}` as Address))
})

test('when the page names what is kept where in JetStream, then a job manager may use just that', () => {
  const kept = rowsOf(PROTOCOL_PAGE, 'subject').filter(([, , stream]) => stream?.startsWith('the stream'))
  expect(kept).toHaveLength(3)
  for (const [subject = '', , stream = ''] of kept) {
    const [name = ''] = codesIn(stream).map(ofProd)
    const { allow } = natsPermissions('job-manager', 'prod').publish
    expect(allow).toContain(`$JS.API.STREAM.CREATE.${name}`)
    for (const each of codesIn(subject)) {
      const allowed = ofProd(each)
        .replace('<run>', '*')
        .replace(/…$|leader$/, '>')
      expect(allow).toContain(allowed)
    }
  }
})

/** Frames in which no two numbers are the same, and what stands in their fields. */
const FRAMES: readonly { readonly kind: keyof typeof KIND; readonly frame: Frame; readonly count: number }[] =
  [
    { kind: 'records', frame: element({ kind: 'records', records: ['a', 'b', 'c'] }), count: 3 },
    {
      kind: 'barrier',
      frame: element({ kind: 'barrier', checkpoint: 9 as CheckpointId, aborted: [7 as CheckpointId] }),
      count: 1,
    },
    { kind: 'endOfInput', frame: element({ kind: 'end-of-input' }), count: 0 },
    { kind: 'beacon', frame: { kind: 'beacon', ...channelAnd(5), lastSequence: 41 }, count: 0 },
    {
      kind: 'grant',
      frame: { kind: 'grant', ...channelAnd(5), frames: 41, bytes: 900, received: 12 },
      count: 0,
    },
  ]

test.each(FRAMES)(
  'when a frame of $kind is read by the table of the page, then it is what was written',
  ({ kind, frame, count }) => {
    const bytes = encodeFrame(frame, { checksum: true })
    const body = bytes.subarray(HEADER_BYTES)
    expect(fieldsOf(bytes, rowsOf(PROTOCOL_PAGE, 'offset \\| type \\| field \\| '))).toEqual({
      magic: 0x5452,
      version: 1,
      kind: KIND[kind],
      flags: 1,
      zero: 0,
      channel: 5,
      attempt: 6,
      sequence: 41,
      count,
      length: body.length,
      crc32: crc32(body),
    })
  },
)

test('when the page counts the kinds of frames, then those are all', () => {
  const told = rowsOf(PROTOCOL_PAGE, 'kind \\| is').map(([number]) => Number(number))
  expect(told).toEqual(Object.values(KIND))
  const [last = []] = rowsOf(PROTOCOL_PAGE, 'offset \\| type \\| field \\| ').slice(-1)
  expect(Number(last[0]) + 4).toBe(HEADER_BYTES)
})

test('when a parcel is read by the table of the page, then it is what was written', () => {
  const [to, from] = ['sys2.actor', 'sys1.asker'] as Address[]
  const parcels: ControlParcel[] = [
    { kind: 'tell', to: to!, body: 1 },
    { kind: 'ask', to: to!, from: from!, correlation: 77, body: 1 },
    { kind: 'answer', to: to!, correlation: 77, body: 1 },
    { kind: 'signal', to: to!, from: from!, body: 1 },
  ]
  const rows = rowsOf(PROTOCOL_PAGE, 'offset')
  const kinds = [...(rows[1]?.[2] ?? '').matchAll(/(\d) (\w+)/g)].map(([, , name]) => name)
  expect(kinds).toEqual(parcels.map(({ kind }) => kind))
  for (const [number, parcel] of parcels.entries()) {
    const bytes = encodeParcel(parcel)
    const sender = 'from' in parcel ? parcel.from : ''
    const fields = fieldsOf(bytes, rows.slice(0, -1))
    expect(fields).toEqual({
      version: 1,
      kind: number,
      length: sender.length,
      correlation: 'correlation' in parcel ? parcel.correlation : 0,
    })
    const at = Number(rows.at(-1)?.[0])
    expect(Buffer.from(bytes.subarray(at, at + sender.length)).toString()).toBe(sender)
  }
})

test('when an actor of one node asks one of another, then the page tells of it, and of nothing that is not there', () => {
  const told = new Set(
    PROTOCOL_PAGE.text
      .split('\n')
      .filter((line) => /^\| `[a-z-]+`/.test(line))
      .flatMap((line) => codesIn(line.split('|')[1] ?? '')),
  )
  const actors = HOUSE.filter(({ path }) => path.startsWith('actors/'))
  const asks = new Set(actors.flatMap(({ syntax }) => [...nodesIn(syntax)].flatMap(typesOfAsk)))
  expect(asks.size).toBeGreaterThan(30)
  expect([...asks].filter((type) => !told.has(type))).toEqual([])
  const sources = HOUSE.filter(({ path }) => /^(actors|src\/cluster)\//.test(path))
  const known = new Set(sources.flatMap(({ syntax }) => [...nodesIn(syntax)].flatMap(typesOfMessage)))
  const kinds = ['registered', 'waiting', 'evicted', 'refused']
  const limits = (type: string) => /[A-Z]/.test(type)
  const unknown = [...told].filter((type) => !known.has(type) && !kinds.includes(type) && !limits(type))
  expect(unknown).toEqual([])
})

test('when the page tells of a heartbeat, then of every answer to it', () => {
  const told = rowsOf(PROTOCOL_PAGE, 'answer').flatMap(([answer = '']) => codesIn(answer))
  const [module] = HOUSE.filter(({ path }) => path === 'actors/resource-manager.ts')
  const answer = [...nodesIn(module!.syntax)].find(
    (node) => node.type === 'TSTypeAliasDeclaration' && nameOf(node) === 'Verdict',
  )
  const kinds = [...nodesIn(answer!)].flatMap((node) => literalsOf(node, 'kind'))
  expect(told.sort()).toEqual(kinds.sort())
})

test('when the page tells of the log, then of every event of it', () => {
  const told = rowsOf(PROTOCOL_PAGE, 'event').flatMap(([event = '']) => codesIn(event))
  const [module] = HOUSE.filter(({ path }) => path === 'src/cluster/log-entry.ts')
  const events = [...nodesIn(module!.syntax)].flatMap((node) => literalsOf(node, 'type'))
  expect(told).toEqual(events)
})

function element(given: Extract<Frame, { kind: 'element' }>['element']): Frame {
  return { kind: 'element', ...channelAnd(5), sequence: 41, bytes: 0, element: given }
}

function channelAnd(channel: number) {
  return { channel: channel as ChannelIndex, attempt: 6 as Attempt }
}

/** Numbers at the offsets that a table of `offset`, `type` and `field` names; a field goes by its first word. */
function fieldsOf(bytes: Uint8Array, rows: readonly (readonly string[])[]): Record<string, number> {
  const buffer = Buffer.from(bytes)
  const read: Readonly<Record<string, (at: number) => number>> = {
    u8: (at) => buffer.readUInt8(at),
    u16: (at) => buffer.readUInt16LE(at),
    u24: (at) => buffer.readUIntLE(at, 3),
    u32: (at) => buffer.readUInt32LE(at),
    f64: (at) => buffer.readDoubleLE(at),
  }
  return Object.fromEntries(
    rows.map(([offset, type = '', field = '']) => [/\w+/.exec(field)?.[0], read[type]?.(Number(offset))]),
  )
}

function codesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

function ofProd(text: string): string {
  return text.replace('<cluster>', 'prod')
}

/** Of `{ type: 'a' | 'b'; … } & Asks<R>`. */
function typesOfAsk(node: SyntaxNode): string[] {
  if (node.type !== 'TSIntersectionType' || !Array.isArray(node['types'])) return []
  const types = node['types'].filter(isNode)
  const isAsk = types.some((type) => type.type === 'TSTypeReference' && nameOf(type, 'typeName') === 'Asks')
  return isAsk ? types.flatMap((type) => [...nodesIn(type)].flatMap(typesOfMessage)) : []
}

function typesOfMessage(node: SyntaxNode): string[] {
  return literalsOf(node, 'type')
}

/** The texts that a property of a type may have. */
function literalsOf(node: SyntaxNode, property: string): string[] {
  if (node.type !== 'TSPropertySignature' || nameOf(node, 'key') !== property) return []
  const annotation = node['typeAnnotation']
  if (!isNode(annotation)) return []
  return [...nodesIn(annotation)]
    .filter(({ type }) => type === 'Literal')
    .map((literal) => String(literal['value']))
}

function nameOf(node: SyntaxNode, property = 'id'): unknown {
  const named = node[property]
  return isNode(named) ? named['name'] : undefined
}
