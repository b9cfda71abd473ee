import type { SinkConnector } from '../registry.js'
import { StagedWriter } from '../staged-writer.js'
import { AtLeastOnceWriter } from './at-least-once-writer.js'
import { ExactlyOnceTarget } from './exactly-once-target.js'
import { PostgresClient } from './postgres-client.js'
import { databaseUrl, postgresOptions } from './postgres-options.js'
import { PostgresSession } from './postgres-session.js'
import { sinkOpening } from './sink-opening.js'

/** The PostgreSQL sink: one connection a subtask, one statement at a time. */
export const postgresSink: SinkConnector = {
  writer(spec, ctx) {
    const options = postgresOptions(spec)
    const { clock, logger, job, operator, subtask } = ctx
    const client = new PostgresClient({
      url: databaseUrl(options),
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
