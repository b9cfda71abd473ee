import * as v from 'valibot'
import { job, of, secret, state } from '#src/api/index.js'
import { kafka } from '#src/api/kafka.js'
import { postgres } from '#src/api/postgres.js'

/** What the library and its schemas cost by themselves. */
export const cost = [v, job, of, secret, state, kafka, postgres]
export default job('no-operator', () => undefined)
