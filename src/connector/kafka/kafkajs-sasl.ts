import plain from 'kafkajs/src/broker/saslAuthenticator/plain.js'
import scram256 from 'kafkajs/src/broker/saslAuthenticator/scram256.js'
import scram512 from 'kafkajs/src/broker/saslAuthenticator/scram512.js'
import type { SaslOptions } from './kafka-options.js'

const MECHANISMS = {
  plain,
  'scram-sha-256': scram256,
  'scram-sha-512': scram512,
} as const

/**
 * SASL by kafkajs's own mechanisms, but what failed on the way is thrown as it was: kafkajs calls everything that breaks
 * while it authenticates a failed authentication, and a broker that restarts in that moment would fail the job for good.
 */
export function saslOf(sasl: SaslOptions): object {
  const provider = MECHANISMS[sasl.mechanism](sasl)
  return {
    ...sasl,
    authenticationProvider: (exchange: Parameters<typeof provider>[0]) => ({
      async authenticate() {
        let failure: unknown
        const saslAuthenticate = (step: object) =>
          exchange.saslAuthenticate(step).catch((error: unknown) => {
            failure = error
            throw error
          })
        try {
          await provider({ ...exchange, saslAuthenticate }).authenticate()
        } catch (error) {
          throw failure ?? error
        }
      },
    }),
  }
}
