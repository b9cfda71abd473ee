import { type NatsServer, natsAvailability, startNats } from '../../test/support/nats-server.js'
import type { Contest } from '../suite/benchmark.js'

/** A contest on a nats-server of its own. Where none can be had, `names` are absent. */
export async function natsContest(
  names: readonly string[],
  contestOn: (nats: NatsServer) => Contest,
): Promise<Contest> {
  const found = await natsAvailability('any')
  if (found.kind === 'unavailable') {
    const absent = names.map((name) => ({ name, why: found.reason }))
    return { configuration: {}, contenders: [], absent }
  }
  const nats = await startNats({ version: 'any' })
  const { configuration, ...contest } = contestOn(nats)
  return {
    ...contest,
    configuration: { natsServer: nats.version, ...configuration },
    dispose: () => nats.stop(),
  }
}
