/** One part of the hand-written loop in a process of its own: what it sends to the others goes over NATS. */
import { Packr } from 'msgpackr'
import { connect } from 'nats'
import { type BareMessage, BareShare, type Part } from './bare-share.js'
import { readyForWord, report } from './part-report.js'

export interface BareProcess {
  readonly part: Part
  readonly servers: string
}

const { part: own, servers } = JSON.parse(process.argv[2]!) as BareProcess
const packr = new Packr({ useRecords: true })
const nats = await connect({ servers })
const subject = (from: number, to: number) => `bare.${from}.${to}`
const share = new BareShare(own, (to, message) => nats.publish(subject(own.part, to), packr.pack(message)))
for (let from = 0; from < own.parts; from++) {
  nats.subscribe(subject(from, own.part), {
    callback(error, { data }) {
      if (error !== null) throw error
      share.onMessage(from, packr.unpack(data) as BareMessage)
    },
  })
}
await nats.flush()
await readyForWord()
report({ type: 'done', rows: await share.run() })
