import { Connectors, type SinkConnector, type SourceConnector } from './registry.js'

/**
 * The connectors that come with Retake. Each is loaded only when a job has it: the clients behind some of them take
 * longer to load than all the rest.
 */
const SOURCES: Readonly<Record<string, () => Promise<SourceConnector>>> = {
  custom: async () => (await import('./custom/custom-connector.js')).customSource,
  file: async () => (await import('./file/file-connector.js')).fileSource,
  generator: async () => (await import('./generator/generator-connector.js')).generatorSource,
  kafka: async () => (await import('./kafka/kafka-connector.js')).kafkaSource,
}

const SINKS: Readonly<Record<string, () => Promise<SinkConnector>>> = {
  collect: async () => (await import('./collect/collect-sink.js')).collectSink,
  console: async () => (await import('./console/console-sink.js')).consoleSink,
  custom: async () => (await import('./custom/custom-connector.js')).customSink,
  discard: async () => (await import('./discard/discard-sink.js')).discardSink,
  file: async () => (await import('./file/file-connector.js')).fileSink,
  postgres: async () => (await import('./postgres/postgres-sink.js')).postgresSink,
}

/** Those of `names` that there are; asking the registry for another one says which there are. */
export async function loadConnectors(names: Iterable<string>): Promise<Connectors> {
  const wanted = new Set(names)
  return new Connectors(await load(SOURCES, wanted), await load(SINKS, wanted))
}

async function load<C>(
  all: Readonly<Record<string, () => Promise<C>>>,
  wanted: ReadonlySet<string>,
): Promise<Record<string, C>> {
  const names = Object.keys(all).filter((name) => wanted.has(name))
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await all[name]!()] as const)))
}
