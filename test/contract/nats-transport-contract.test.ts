import { NatsTransport } from '#src/actor/transport/nats-transport.js'
import { describeWith } from '../support/describe-with.js'
import { type NatsVersion, startNats } from '../support/nats-server.js'
import { until } from '../support/until.js'
import { transportContract } from './transport-contract.js'

for (const version of ['oldest', 'current'] satisfies NatsVersion[]) {
  await describeWith({ nats: version }, `the ${version} nats-server`, () => {
    transportContract(
      `NATS, ${version}`,
      async () => {
        const server = await startNats({ version })
        const transport = () =>
          new NatsTransport({ servers: [server.url], cluster: 'contract', onFatal: () => {} })
        return {
          a: transport(),
          b: transport(),
          until: async (condition) => void (await until(condition, { what: 'it', everyMs: 2 })),
          breakLink: () => server.kill(),
          restoreLink: () => server.restart(),
          end: () => server.stop(),
        }
      },
      'breaks',
    )
  })
}
