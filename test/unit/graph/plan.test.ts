import { expect, test } from 'vitest'
import { discard, job } from '#src/api/index.js'
import { canonicalJson } from '#src/graph/canonical-json.js'
import { firstDifference } from '#src/graph/plan-difference.js'
import { planOf } from '#src/graph/plan-of.js'
import { planJson, planMermaid, planText } from '#src/graph/plan-text.js'
import { clickCount, clicks } from './click-count.js'

const plan = planOf(clickCount().build({ parallelism: 2 }))

test('when a plan is printed, then it shows vertices, operators with their places, and edges', () => {
  const text = planText(plan)
    .replaceAll(/\S*click-count\.ts:\d+/g, 'click-count.ts:N')
    .replace(plan.fingerprint, 'F')
  expect(text).toBe(`click-count: 2 vertices, 4 subtasks, 2 slots

0  clicks → filter-1 → map-1  (2 subtasks, 128 key groups)
     clicks    source generator  click-count.ts:N
     filter-1  filter            click-count.ts:N
     map-1     map               click-count.ts:N
   └─ hash → 1
1  count → table  (2 subtasks, 128 key groups)
     count  sum         click-count.ts:N
     table  sink table  click-count.ts:N

checkpoints exactly-once every 10 s, restart exponential-delay
fingerprint F
`)
})

test('when senders combine, then their plan shows it at the end of their chain, with its latency', () => {
  const combined = planOf(clickCount({}, '1.5s').build({ parallelism: 2 }))
  const text = planText(combined).replaceAll(/\S*click-count\.ts:\d+/g, 'click-count.ts:N')
  expect(text).toContain(`
0  clicks → filter-1 → map-1 → count.combine  (2 subtasks, 128 key groups)
     clicks         source generator  click-count.ts:N
     filter-1       filter            click-count.ts:N
     map-1          map               click-count.ts:N
     count.combine  combine 1500 ms   click-count.ts:N
   └─ hash → 1
1  count → table  (2 subtasks, 128 key groups)
     count  sum         click-count.ts:N
`)
  const other = planOf(clickCount({}, '1s').build({ parallelism: 2 }))
  expect(firstDifference(combined, other)).toEqual({
    path: 'vertices[0].operators[3].latencyMs',
    one: '1500',
    other: '1000',
  })
  expect(other.fingerprint).not.toBe(combined.fingerprint)
})

test('when a plan is printed from a folder, then places in it are shown from there', () => {
  const [, folder = ''] = /source generator {2}(\S*)\/test\/unit/.exec(planText(plan)) ?? []
  expect(folder).not.toBe('')
  expect(planText(plan, folder)).toMatch(/source generator {2}test\/unit\/graph\/click-count\.ts:\d+/)
})

test('when a plan is drawn, then names cannot break the drawing', () => {
  const odd = job('odd', (flow) => flow.from('a "b" <c>', clicks).rebalance().to('out', discard()))
  expect(planMermaid(planOf(odd.build()))).toBe(`flowchart LR
  v0["a #34;b#34; #60;c#62;<br/>× 1"]
  v1["out<br/>× 1"]
  v0 -->|rebalance| v1
`)
})

test('when a plan is written as JSON, then it reads back, with what follows from it', () => {
  expect(JSON.parse(planJson(plan))).toMatchObject({ name: 'click-count', subtasks: 4, requiredSlots: 2 })
})

test('when two plans are the same but for places in files, then they do not differ', () => {
  const moved = {
    ...plan,
    vertices: plan.vertices.map((vertex) => ({
      ...vertex,
      operators: vertex.operators.map((operator) => ({ ...operator, where: 'elsewhere.mjs:1' })),
    })),
  }
  expect(firstDifference(plan, moved)).toBeUndefined()
})

test.each([
  ['the interval', clickCount({ checkpoint: { interval: '1s' } }), 'checkpoint.intervalMs', '10000', '1000'],
  [
    'chaining',
    clickCount({ chaining: false }),
    'vertices[0].operators[1]',
    '{"id":"filter-1","kind":"filter"}',
    'nothing',
  ],
])('when plans differ in %s, then the first difference says where', (_, other, path, one, another) => {
  const built = planOf(other.build({ parallelism: 2 }))
  expect(firstDifference(plan, built)).toEqual({ path, one, other: another })
  expect(built.fingerprint).not.toBe(plan.fingerprint)
})

test('when the job stands elsewhere, then it has the same fingerprint', () => {
  const graph = clickCount().build({ parallelism: 2 })
  const vertices = graph.vertices.map((vertex) => ({
    ...vertex,
    nodes: vertex.nodes.map((node) => ({ ...node, where: 'elsewhere.mjs:1' })),
  }))
  expect(planOf({ ...graph, vertices }).fingerprint).toBe(plan.fingerprint)
})

test('when an option of a connector changes, then the fingerprint does', () => {
  const of = (path: number) =>
    planOf(job('j', (flow) => flow.from('c', { ...clicks, options: { path } }).to('out', discard())).build())
      .fingerprint
  expect(of(1)).not.toBe(of(2))
})

test('canonical JSON does not depend on the order of fields', () => {
  expect(canonicalJson({ b: [1n, undefined], a: { d: new Date(0), c: undefined } })).toBe(
    canonicalJson({ a: { d: new Date(0) }, b: [1n, null] }),
  )
})
