import { expect, test } from 'vitest'
import { checkSplits, withSplitsRead } from '#src/checkpoint/known-splits.js'
import { firstManifest } from '#src/checkpoint/manifest.js'
import { kafkaSource } from '#src/connector/kafka/kafka-connector.js'
import { splitPosition } from '#src/connector/kafka/kafka-position.js'
import { Connectors } from '#src/connector/registry.js'
import { operatorId, plan, run, split, vertex } from './fixtures.js'

const connectors = new Connectors({ kafka: kafkaSource }, {})
const reading = (topic: string) =>
  plan([vertex(0, [{ id: 'clicks', kind: 'source', connector: { name: 'kafka', options: { topic } } }])])
const splits = [0, 11].map((partition) => splitPosition('clicks', { partition, offset: 5, stop: null }))
const manifest = firstManifest(run, reading('clicks'), [{ source: operatorId('clicks'), splits }], 1)

test('when a source reads another topic than the checkpoint holds positions of, then it is refused by both names', () => {
  expect(() => checkSplits(manifest, reading('views'), connectors)).toThrow(
    expect.objectContaining({
      code: 'RT1210',
      what: expect.stringMatching(/"clicks-0".*it reads topic "views"/),
      where: 'job.ts:1',
    }),
  )
})

test('when a source reads the topic that the checkpoint holds positions of, then it goes on', () => {
  expect(() => checkSplits(manifest, reading('clicks'), connectors)).not.toThrow()
})

test('when splits were handed out since the checkpoint, then they are known beside those that it had, as it had them', () => {
  const [clicks, views] = [operatorId('clicks'), operatorId('views')]
  const states = [
    { source: clicks, splits: [split(0, 'began'), split(1, 'began')] },
    { source: views, splits: [split(5)] },
  ]
  const read = new Map([[clicks, [split(0, 'read on'), split(2, 'read on')]]])
  expect(withSplitsRead(states, read)).toEqual([
    { source: clicks, splits: [split(0, 'began'), split(1, 'began'), split(2, 'read on')] },
    { source: views, splits: [split(5)] },
  ])
})
