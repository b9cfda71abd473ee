import { connect } from 'nats'
import type { Round } from '../micro/steady-state.js'

/** The NATS client as its documentation uses it, with nothing around it. */

/** Answers every request with the same bytes. */
export async function answerRequests(url: string, subject: string, payloadBytes: number): Promise<void> {
  const connection = await connect({ servers: url })
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
  const connection = await connect({ servers: url })
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
