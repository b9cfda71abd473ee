import { parentPort, workerData } from 'node:worker_threads'
import { ActorSystem } from '#src/actor/system.js'
import { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import { BundleCache } from '#src/cluster/bundle-cache.js'
import { loadJob } from '#src/cluster/job-loader.js'
import { openStateStore } from '#src/cluster/open-state-store.js'
import { patiently, patientStore } from '#src/cluster/patient-store.js'
import { loadConnectors } from '#src/connector/built-in.js'
import { assert } from '#src/kit/assert.js'
import { systemClock } from '#src/kit/clock.js'
import { errorInfoOf } from '#src/kit/errors.js'
import { systemRandom } from '#src/kit/random.js'
import { hostedSlot } from './hosted-slot.js'
import { PortLogger } from './port-logger.js'
import type { MeshMessage } from './thread-mesh.js'
import { transportsOf } from './transports.js'
import type { SlotThreadData, SlotThreadReport } from './worker-slot-threads.js'

/**
 * A slot's thread, from its links to the slot. The job's module is fetched, verified and imported here, afresh.
 */
async function main(): Promise<void> {
  const port = parentPort
  assert(port !== null, 'a slot runs in a thread of its own')
  const { system: id, spec, environment } = workerData as SlotThreadData
  const report = (message: SlotThreadReport) => port.postMessage(message)
  const giveUp = (error: unknown) => report({ type: 'given-up', error: errorInfoOf(error) })
  const logger = new PortLogger((line) => report({ type: 'log', line }))
  const ports = new MessagePortTransport({ keepsAlive: true })
  port.on('message', (message: MeshMessage) => {
    switch (message.type) {
      case 'peer':
        return ports.addPeer(message.system, message.port)
      case 'peer-gone':
        return ports.removePeer(message.system)
      case 'end':
        // Of this thread alone, and between two turns: a thread that is ended from outside may be anywhere.
        process.exit()
    }
  })
  try {
    const name = `${environment.name}/slot-${spec.slot}`
    const [clock, random] = [systemClock, systemRandom]
    const system = new ActorSystem({
      id,
      clock,
      random,
      logger,
      ...transportsOf({
        ports,
        nats: environment.nats,
        carriesFrames: true,
        name,
        logger,
        onFatal: giveUp,
        onWarning: (error) => report({ type: 'warning', error: errorInfoOf(error) }),
      }),
    })
    // The links are made while the job's code is fetched.
    const surroundings = { name, clock, random, logger, onEnded: giveUp }
    const [opened] = await Promise.all([
      patiently(clock, () => openStateStore(environment.state, 'task-manager', surroundings)),
      system.ready,
    ])
    const state = patientStore(opened, clock)
    const bundles = new BundleCache({ directory: environment.bundles, documents: state.documents })
    const slot = await hostedSlot({
      system,
      code: spec.code,
      loadJob: async (bundle) => loadJob(await bundles.path(bundle)),
      connectors: loadConnectors,
      blobs: state.blobs,
      onFencedWrite: () => report({ type: 'fenced-write' }),
    })
    report({ type: 'ready', slot })
  } catch (error) {
    giveUp(error)
  }
}

await main()
