import { type Duration, generator, type Job, type JobOptions, job, type Sink } from '#src/api/index.js'

export interface Click {
  readonly userId: string
  readonly url: string
  readonly loggedIn: boolean
}

export interface Row {
  readonly userId: string
  readonly clicks: number
}

export const clicks = generator.source({ make: (): Click => ({ userId: 'ann', url: '/', loggedIn: true }) })

/** A sink that replaces rows by their `userId`. */
export const table: Sink<Row> = {
  connector: 'table',
  options: {},
  functions: {},
  guarantee: 'exactly-once',
  keyFields: ['userId'],
}

/** The job of the README, without Kafka and PostgreSQL. */
export function clickCount(options: JobOptions<never> = {}, combine?: Duration): Job {
  return job('click-count', options, (flow) =>
    flow
      .from('clicks', clicks)
      .filter((click) => click.loggedIn)
      .map((click) => ({ userId: click.userId, clicks: 1 }))
      .keyBy((row) => row.userId)
      .sum('count', 'clicks', { combine })
      .to('table', table),
  )
}
