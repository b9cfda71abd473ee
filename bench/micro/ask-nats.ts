import type { ActorRef, Address } from '#src/actor/actor.js'
import type { SystemId } from '#src/kit/ids.js'
import { startNats } from '../../test/support/nats-server.js'
import { answerRequests, requests } from '../peers/raw-nats.js'
import { apart } from '../suite/apart.js'
import type { Benchmark, Contender, Target } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { Asker, Doubler, type Question } from './ask.js'
import { secondsOf } from './contenders.js'
import { startPartner } from './partner.js'
import { natsSystem } from './retake-system.js'
import { type Round, roundOf, steadyState } from './steady-state.js'

/** How many questions are unanswered at any time: alone, where only the way counts, and enough to fill it. */
const IN_FLIGHT = [1, 64]
/** What a question and an answer of the actors have on the wire: 12 of header, the asker's address, the body. */
const RAW_BYTES = 64

export const askNats: Benchmark = {
  name: 'ask-nats',
  question: 'How many questions a second does an actor ask one in another process, over NATS?',
  unit: 'asks',
  async prepare(scale) {
    const nats = await startNats({ version: 'any' })
    const contenders = IN_FLIGHT.flatMap((inFlight) =>
      (['retake', 'raw NATS'] as const).map((kind): Contender => {
        const input: Input = {
          kind,
          inFlight,
          url: nats.url,
          natsPid: nats.pid,
          seconds: 2 * secondsOf(scale),
        }
        return { name: nameOf(kind, inFlight), measure: () => apart(import.meta.url, input) }
      }),
    )
    return {
      configuration: { natsServer: nats.version, rawBytes: RAW_BYTES },
      contenders,
      targets: IN_FLIGHT.map(
        (inFlight): Target => ({
          kind: 'ratio',
          of: nameOf('retake', inFlight),
          over: nameOf('raw NATS', inFlight),
          aim: 0.8,
          floor: 0.5,
        }),
      ),
      dispose: () => nats.stop(),
    }
  },
}

type Kind = 'retake' | 'raw NATS'

interface Input {
  readonly kind: Kind
  readonly inFlight: number
  readonly url: string
  readonly natsPid: number | undefined
  readonly seconds: number
}

function nameOf(kind: Kind, inFlight: number): string {
  return `${kind}, ${inFlight} in flight`
}

export async function measure(input: Input): Promise<Sample> {
  const { kind, seconds, natsPid } = input
  const partner = await startPartner(import.meta.url, input)
  const round = await (kind === 'retake' ? retakeAsks(input) : rawAsks(input))
  return steadyState(seconds, round, natsPid === undefined ? [partner.pid] : [partner.pid, natsPid])
}

/** The other process. */
export async function serve({ kind, url }: Input): Promise<void> {
  if (kind === 'retake') (await natsSystem(ANSWERER, url)).spawn('doubler', new Doubler())
  else await answerRequests(url, SUBJECT, RAW_BYTES)
}

async function retakeAsks({ url, inFlight }: Input): Promise<Round> {
  const system = await natsSystem('asker' as SystemId, url)
  const doubler: ActorRef<Question> = { address: `${ANSWERER}.doubler` as Address }
  const questions = questionsOf(inFlight)
  return roundOf(questions, (done) => {
    const asker = system.spawn('asker', new Asker(doubler, { questions, inFlight }, done))
    return () => system.send(asker, { type: 'begin' })
  })
}

function rawAsks({ url, inFlight }: Input): Promise<Round> {
  return requests(url, SUBJECT, RAW_BYTES, questionsOf(inFlight), inFlight)
}

const ANSWERER = 'answerer' as SystemId
const SUBJECT = 'bench.answerer.doubler'

/** Of a round. */
function questionsOf(inFlight: number): number {
  return inFlight * 100
}
