import { expect, test } from 'vitest'
import type { SourceReader } from '#src/connector/source.js'
import { SourceOperator } from '#src/connector/source-operator.js'
import { silentLogger } from '#src/kit/logger.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import type { OperatorContext } from '#src/operator/operator.js'
import type { SplitPosition } from '#src/state/snapshot.js'

const split = (owner: number): SplitPosition => ({ split: `clicks-${owner}`, owner, position: 0 })

test('when an assignment is repeated, then the reader hears of each split once', () => {
  const heard: string[] = []
  const reader: SourceReader = {
    addSplits: (splits) => heard.push(...splits.map((each) => each.split)),
    poll: () => 'idle',
    positions: () => [],
    close: async () => {},
  }
  const connector = {
    reader: () => reader,
    enumerator: () => {
      throw new Error('nobody enumerates here')
    },
  }
  const spec = { connector: 'fake', options: {}, functions: {} }
  const operator = new SourceOperator(connector, spec, {
    clock: new VirtualClock(),
    ready() {},
    fail() {},
    skipped() {},
  })
  operator.open({
    logger: silentLogger,
    subtask: 0,
    parallelism: 1,
    where: 'job.ts:1',
  } as unknown as OperatorContext)

  operator.addSplits([split(0)])
  operator.addSplits([split(0), split(1)])

  expect(heard).toEqual(['clicks-0', 'clicks-1'])
})
