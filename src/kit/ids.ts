/**
 * The names of things, branded so that one is never passed for another. Strings here are generated tokens that may
 * stand in a NATS subject (`isToken`), but for `OperatorId`, which the user writes and which travels in payloads only.
 */
declare const brand: unique symbol
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** One run of a job: from its submission, or from its start from a chosen checkpoint. */
export type RunId = Brand<string, 'RunId'>
export type NodeId = Brand<string, 'NodeId'>
/** One actor system: a thread of a process, in one incarnation. Never used again after it ends. `<group>_<random>`. */
export type SystemId = Brand<string, 'SystemId'>
/** The id a user gave to a source, sink or stateful operator; state is found by it. */
export type OperatorId = Brand<string, 'OperatorId'>

/** Position of a vertex in its job graph, 0 … */
export type VertexIndex = Brand<number, 'VertexIndex'>
/** Parallel index of a subtask in its vertex, 0 … parallelism - 1. */
export type SubtaskIndex = Brand<number, 'SubtaskIndex'>
/** Position of a slot on its task manager, 0 … */
export type SlotIndex = Brand<number, 'SlotIndex'>
/** Position of an input channel in its subtask, or of an output channel in its subtask, 0 … */
export type ChannelIndex = Brand<number, 'ChannelIndex'>
export type KeyGroup = Brand<number, 'KeyGroup'>

/** Number of an execution of the whole job, 1, 2, 3 … in a run; fences channels, log and sinks. */
export type Attempt = Brand<number, 'Attempt'>
/** Rises for ever in a job; 0 is written before the first record. */
export type CheckpointId = Brand<number, 'CheckpointId'>
/** Number of a job's leadership; whoever meets a higher one writes nothing more. */
export type Epoch = Brand<number, 'Epoch'>

/** `vertex-subtask`, unique in a run and stable over attempts. */
export type SubtaskId = Brand<`${number}-${number}`, 'SubtaskId'>

export function subtaskId(vertex: VertexIndex, subtask: SubtaskIndex): SubtaskId {
  return `${vertex}-${subtask}` as SubtaskId
}

const TOKEN = /^[A-Za-z0-9_-]{1,32}$/

/** Whether `text` may stand as one token of a NATS subject. */
export function isToken(text: string): boolean {
  return TOKEN.test(text)
}
