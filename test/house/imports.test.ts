import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PROJECT } from '../support/project.js'
import { violationsOf } from './import-rules.js'
import { moduleOf, readHouse } from './source-module.js'

test('when the house is read, then every import keeps to the rules', () => {
  const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'))
  const house = readHouse()
  expect(house.length).toBeGreaterThan(0)
  expect(violationsOf(house, Object.keys(manifest.dependencies))).toEqual([])
})

describe('the rules themselves', () => {
  const TABLE: [when: string, files: Record<string, string>, then: RegExp | undefined][] = [
    [
      'a layer imports a lower one',
      { 'src/operator/map.ts': `import { a } from '../kit/assert.js'` },
      undefined,
    ],
    [
      'a layer imports a higher one',
      { 'src/kit/ids.ts': `import type { Graph } from '../graph/graph.js'` },
      /^src\/kit\/ids\.ts:1 imports \.\.\/graph\/graph\.js: kit may import nothing, not graph$/,
    ],
    [
      'siblings',
      { 'src/time/timer.ts': `export { a } from '../state/a.js'` },
      /time may import kit, record, not state/,
    ],
    [
      'src uses the alias',
      { 'src/kit/a.ts': `import { b } from '#src/kit/b.js'` },
      /imports inside src are relative/,
    ],
    [
      'the cli imports actors',
      { 'src/cli/dev.ts': `import { Node } from '../../actors/node.js'` },
      undefined,
    ],
    [
      'the cluster imports actors',
      { 'src/cluster/a.ts': `const a = await import('../../actors/node.js')` },
      /src imports actors only from cli, testing/,
    ],
    ['a parent imports its child', { 'actors/slot.ts': `import { Subtask } from './subtask.js'` }, undefined],
    [
      'a child imports types',
      { 'actors/subtask.ts': `import type { SlotMessage } from './slot.js'` },
      undefined,
    ],
    [
      'a child imports its parent',
      { 'actors/subtask.ts': `import { type SlotMessage } from './slot.js'` },
      /^actors\/subtask\.ts:1 imports \.\/slot\.js: subtask does not spawn a slot/,
    ],
    ['a role imports a part', { 'actors/slot.ts': `import { a } from './slot-threads.js'` }, undefined],
    [
      'a part imports a role',
      { 'actors/slot-threads.ts': `import { Slot } from './slot.js'` },
      /slot-threads does not spawn a slot, so it may import only its types/,
    ],
    [
      'the wrapper imports nats',
      { 'src/actor/transport/nats-link.ts': `import { connect } from 'nats'` },
      undefined,
    ],
    [
      'the store imports nats',
      { 'src/checkpoint/jetstream-blobs.ts': `import { headers } from 'nats'` },
      undefined,
    ],
    [
      'another file of the store imports nats',
      { 'src/checkpoint/directory-blobs.ts': `import { headers } from 'nats'` },
      /directory-blobs\.ts:1 imports nats/,
    ],
    [
      'three files import nats',
      {
        'src/actor/transport/nats-link.ts': `import { connect } from 'nats'`,
        'src/checkpoint/jetstream-blobs.ts': `import { headers } from 'nats'`,
        'src/cluster/jetstream-log.ts': `import { headers } from 'nats'`,
      },
      /only 2 files may/,
    ],
    [
      'another imports nats',
      { 'src/actor/system.ts': `import type { Msg } from 'nats'` },
      /system\.ts:1 imports nats/,
    ],
    ['a package is not declared', { 'src/kit/a.ts': `import 'left-pad'` }, /not among the dependencies/],
    [
      'a job reaches a client by way of another module',
      {
        'src/api/kafka.ts': `export { kafka } from '../connector/kafka/factory.js'`,
        'src/connector/kafka/factory.ts': `import { reader } from './reader.js'`,
        'src/connector/kafka/reader.ts': `\nimport { Kafka } from 'kafkajs'`,
      },
      /api\/kafka\.ts → src\/connector\/kafka\/factory\.ts → src\/connector\/kafka\/reader\.ts → kafkajs: a job must not/,
    ],
    [
      'a job reaches only the types of a client',
      {
        'src/api/kafka.ts': `export { kafka } from '../connector/kafka/factory.js'`,
        'src/connector/kafka/factory.ts': `import type { Kafka } from 'kafkajs'`,
      },
      undefined,
    ],
    [
      'modules import in a circle',
      {
        'src/kit/a.ts': `import './b.js'`,
        'src/kit/b.ts': `import './c.js'`,
        'src/kit/c.ts': `import './a.js'`,
      },
      /^src\/kit\/a\.ts → src\/kit\/b\.ts → src\/kit\/c\.ts → src\/kit\/a\.ts: modules must not import in a circle$/,
    ],
    [
      'modules import types in a circle',
      { 'src/kit/a.ts': `import { b } from './b.js'`, 'src/kit/b.ts': `import type { A } from './a.js'` },
      undefined,
    ],
  ]

  test.each(TABLE)('when %s, then they say so', (_when, files, then) => {
    const house = Object.entries(files).map(([path, text]) => moduleOf(path, text))
    const violations = violationsOf(house, ['nats', 'kafkajs', 'pg', 'pino'])
    if (then === undefined) expect(violations).toEqual([])
    else expect(violations).toEqual([expect.stringMatching(then)])
  })
})
