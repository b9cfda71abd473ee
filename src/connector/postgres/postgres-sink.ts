import type { SinkConnector } from '../registry.js'
import { StagedWriter } from '../staged-writer.js'
import { AtLeastOnceWriter } from './at-least-once-writer.js'
import type { DatabaseClient } from './database-client.js'
import { ExactlyOnceTarget } from './exactly-once-target.js'
import { PostgresClient, type PostgresClientOptions } from './postgres-client.js'
import { addressOf, postgresOptions } from './postgres-options.js'
import { PostgresSession } from './postgres-session.js'
import { sinkOpening } from './sink-opening.js'

/** The PostgreSQL sink: one connection a subtask, one statement at a time. */
export const postgresSink: SinkConnector = postgresSinkOver((options) => new PostgresClient(options))

/** The same sink over whatever answers statements: a simulation puts a server of its own there. */
export function postgresSinkOver(
  newClient: (options: PostgresClientOptions) => DatabaseClient,
): SinkConnector {
  return {
    writer(spec, ctx) {
      const options = postgresOptions(spec)
      const { clock, logger, job, operator, subtask } = ctx
      const client = newClient({
        address: addressOf(options),
        applicationName: `retake ${job}/${operator}/${subtask}`,
        statementTimeoutMs: options.statementTimeoutMs,
        clock,
        logger,
      })
      const session = new PostgresSession(client, ctx, `table ${options.table}`)
      const opening = sinkOpening(ctx, session, options)
      if (options.guarantee === 'at-least-once') return new AtLeastOnceWriter(ctx, session, opening)
      return new StagedWriter(ctx, new ExactlyOnceTarget(ctx, session, opening))
    },
  }
}
