/** What `retake/actor` exports: the actor library, usable by itself. */

export { type Cancel, type Clock, systemClock } from '../kit/clock.js'
export type { Duration } from '../kit/duration.js'
export { type ErrorInfo, errorInfoOf, errorOf, RetakeError } from '../kit/errors.js'
export { isToken, type SystemId } from '../kit/ids.js'
export { type LogFields, type Logger, silentLogger } from '../kit/logger.js'
export { type Random, randomToken, seededRandom, systemRandom } from '../kit/random.js'
export { VirtualClock } from '../kit/virtual-clock.js'
export * from './actor.js'
export type { ActorSnapshot } from './actor-snapshot.js'
export type { DeadLetter, DeadLetterReason } from './dead-letters.js'
export type { SlowTurn } from './dispatcher.js'
export {
  type RestartDecision,
  type RestartStrategy,
  type RestartStrategyOptions,
  restartStrategyOf,
} from './restart-strategy.js'
export {
  type AutoShutdown,
  type ChildRules,
  type ChildState,
  type Restart,
  type Step,
  Supervision,
  type SupervisionEnd,
  type SupervisionOptions,
  type SupervisionStrategy,
} from './supervision.js'
export {
  type ChildSpec,
  Supervisor,
  type SupervisorMessage,
  type SupervisorOptions,
  supervisedRef,
} from './supervisor.js'
export {
  ActorSystem,
  type ActorSystemCounters,
  type ActorSystemLimits,
  type ActorSystemOptions,
  AskError,
  type SystemSpawnOptions,
} from './system.js'
export { InThreadNetwork } from './transport/in-thread-transport.js'
export { MessagePortTransport, type MessagePortTransportOptions } from './transport/message-port-transport.js'
export { NatsTransport, type NatsTransportOptions } from './transport/nats-transport.js'
export { SimulatedNetwork, type SimulatedNetworkOptions } from './transport/simulated-network.js'
export type { Parcel, Transport, TransportReceiver } from './transport/transport.js'
