import { expect, test } from 'vitest'
import { JobClient } from '#actors/job-client.js'
import type { JobManagerMessage } from '#actors/job-manager.js'
import { ActorSystem } from '#src/actor/system.js'
import type { Outcome } from '#src/cluster/log-entry.js'
import type { RunId, SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'

const RUN = 'run1' as RunId

/** A client of a job manager that has no job master for the run any more, and knows after a while how it ended. */
function stage() {
  const clock = new VirtualClock()
  const system = new ActorSystem({
    id: 'here' as SystemId,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
  })
  let outcome: Outcome | undefined
  const jobManager = system.spawn<JobManagerMessage>('manager', {
    receive(message, ctx) {
      if (message.type !== 'follow' || outcome === undefined) return
      ctx.send(message.follower, {
        type: 'ended',
        run: RUN,
        outcome,
        error: undefined,
        checkpoint: undefined,
      })
    },
  })
  const settled: unknown[] = []
  const canceled = new JobClient(system, jobManager).attach(RUN).cancel()
  canceled.then(
    () => settled.push('promised'),
    (error: { code: string }) => settled.push(error.code),
  )
  return {
    clock,
    settled,
    end: (how: Outcome) => {
      outcome = how
    },
  }
}

test('when a run has ended before its cancel was answered, then nothing more is waited for', async () => {
  const { clock, settled, end } = stage()
  await clock.advance(1_000)
  expect(settled).toEqual([])
  end('finished')
  await clock.advance(LIMITS.followAgainMs)
  expect(settled).toEqual(['promised'])
})

test('when nobody answers a cancel, and the run has not ended, then that is said', async () => {
  const { clock, settled } = stage()
  await clock.advance(60_000)
  expect(settled).toEqual(['RT1517'])
})
