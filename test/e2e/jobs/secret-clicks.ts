import { existsSync, writeFileSync } from 'node:fs'
import { job, secret } from 'retake'
import { kafka } from 'retake/kafka'
import { postgres } from 'retake/postgres'

/**
 * Reads with one secret and writes with another, and throws once in the life of the run. Which secrets it names, its
 * parameters tell, so that it can name wrong ones.
 */
export default job(
  'secret-clicks',
  { checkpoint: { interval: '200ms' }, restart: { type: 'fixed-delay', attempts: 100, delay: '100ms' } },
  (flow) => {
    const { brokers, username, thrown, kafkaSecret, databaseSecret, end } = flow.params
    return flow
      .from(
        'clicks',
        kafka.source({
          brokers,
          topic: 'clicks',
          sasl: { mechanism: 'plain', username: String(username), password: secret(String(kafkaSecret)) },
          format: 'string',
          record: (click) => ({ click }),
          bounded: String(end) === 'yes',
          group: 'secret-clicks',
        }),
      )
      .map((row) => {
        if (existsSync(String(thrown))) return row
        writeFileSync(String(thrown), 'user code threw')
        throw new Error('this click is not to my liking')
      })
      .to(
        'table',
        postgres.sink({
          database: secret(String(databaseSecret)),
          table: 'clicks',
          columns: { click: { from: 'click', type: 'text' } },
          createTable: true,
        }),
      )
  },
)
