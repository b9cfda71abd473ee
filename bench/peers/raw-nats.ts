import { connect } from 'nats'
import { type Round, roundOf } from '../micro/steady-state.js'

/** The NATS client as its documentation uses it where speed counts (no stack is kept for each request), with nothing around it. */

/** Answers every request with the same bytes. */
export async function answerRequests(url: string, subject: string, payloadBytes: number): Promise<void> {
  const connection = await connect({ servers: url, noAsyncTraces: true })
  const payload = new Uint8Array(payloadBytes)
  connection.subscribe(subject, {
    callback: (error, message) => {
      if (error === null) message.respond(payload)
    },
  })
  await connection.flush()
}

export async function requests(
  url: string,
  subject: string,
  payloadBytes: number,
  count: number,
  inFlight: number,
): Promise<Round> {
  const connection = await connect({ servers: url, noAsyncTraces: true })
  const payload = new Uint8Array(payloadBytes)
  return async () => {
    let asked = 0
    const askOn = async () => {
      while (asked++ < count) await connection.request(subject, payload, { timeout: 10_000 })
    }
    await Promise.all(Array.from({ length: inFlight }, askOn))
    return count
  }
}

/** Frames that may be under way; the receiver answers every fourth of them. */
const WINDOW = 16
const STEP = WINDOW / 4

/** Takes messages, gives each to `read`, and answers that they came. */
export async function subscribe(url: string, read: (bytes: Uint8Array) => void): Promise<void> {
  const connection = await connect({ servers: url, noAsyncTraces: true })
  let came = 0
  connection.subscribe('bench.frames', {
    callback: (_error, message) => {
      read(message.data)
      if (++came % STEP === 0) connection.publish('bench.came')
    },
  })
  await connection.flush()
}

/** So many messages of what `make` makes, as fast as they come there. */
export async function publishes(url: string, count: number, make: () => Uint8Array): Promise<Round> {
  const connection = await connect({ servers: url, noAsyncTraces: true })
  let [sent, came] = [0, 0]
  let done = () => {}
  const sendOn = () => {
    for (; sent < count && sent - came < WINDOW; sent++) connection.publish('bench.frames', make())
  }
  connection.subscribe('bench.came', {
    callback: () => {
      came += STEP
      if (came === count) done()
      else sendOn()
    },
  })
  await connection.flush()
  return roundOf(count, (end) => {
    done = end
    return () => {
      sent = 0
      came = 0
      sendOn()
    }
  })
}
