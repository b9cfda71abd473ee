import { assert } from './assert.js'

/**
 * Every bound of the system, and the relations between them, asserted below. Bytes and milliseconds, as the names say.
 */
export const LIMITS = {
  /** A dispatcher slice ends after this much time … */
  sliceMs: 2,
  /** … or this many actors, then sockets and timers have their turn. */
  sliceActors: 64,
  /** A turn longer than this is reported by the watchdog, with the actor's name. */
  turnWarnMs: 100,
  /** Messages that may wait in an actor's control lane; one more answers its ask with `MailboxFull`. */
  controlLaneMax: 4_096,
  /** Control turns that an actor has in one run, before its data lane has one. */
  controlTurns: 16,
  /** An actor that was told to stop and has not is killed after this time. */
  stopMs: 5_000,

  /** Systems that watch actors in one another ask this often how they are. */
  pingMs: 400,
  /** A system that was not heard for this long is lost … */
  peerSilenceMs: 25_000,
  /** … or after two "nobody listens there" this far apart … */
  noResponderMs: 400,
  /** … while our own link has been up for this long. */
  linkSteadyMs: 2_000,

  /** A task manager says this often that it is there … */
  heartbeatMs: 1_000,
  /** … until it is taken in, this often … */
  joinMs: 100,
  /** … and, unanswered for this share of the time after which it is taken for dead, stops all that it runs. */
  selfFenceShare: 0.8,
  /** The time after which a silent node is taken for dead may be set down to this. */
  heartbeatTimeoutMinMs: 3_000,
  /** What a fenced task manager runs may say its last words for this long. */
  fenceGraceMs: 500,
  /** Incarnations that were given up and are remembered: none comes back. */
  evictedNodes: 1_024,
  /** Another node of the same name is asked whether it still lives, and given this long. */
  namesakeMs: 1_000,
  /** A node whose clock differs by more is told, and shown. */
  clockSkewMs: 1_000,
  /** The store is given this long to answer about the lease: who waits longer may be replaced meanwhile. */
  leaseAnswerMs: 1_000,
  /** Blobs and documents are asked for again for this long while nobody answers: servers elect in less. */
  storePatienceMs: 15_000,
  /** JetStream that does not answer yet is asked again, when a node starts, for this long … */
  storeStartMs: 20_000,
  /** … this often. */
  storeRetryMs: 500,
  /** What was warned of is warned of again after this, if it is still so. */
  warnAgainMs: 60_000,
  /** A thread that does not say in this time which actors it has is left out. */
  describeMs: 2_000,
  /** Before a job moves off a node it takes a checkpoint, which may take this long. */
  moveCheckpointMs: 30_000,
  /** A lease whose revision has not changed for this long is anybody's … */
  leaseMs: 1_500,
  /** … so its holder writes it this often … */
  leaseRenewMs: 300,
  /** … and whoever stands by looks this often; from one look to the next no more than this counts as seen. */
  leaseLookMs: 250,
  leaseGapMs: 500,
  /** A standby that the leader has not heard for this long is shown no more. */
  standbySilenceMs: 3_000,
  /** What a leader is asked for to be shown is asked for again after this. */
  readTryMs: 1_000,
  /** Whoever asks for a leader and finds none waits this long for one … */
  firstLeaderMs: 3_000,
  /** … or this long, if one has answered before: a NATS cluster may take so long to elect who answers for the lease. */
  leaderlessMs: 15_000,
  /** After a leader took over, every task manager that lives has told within this time what it runs. */
  rejoinMs: 2_000,
  /** What runs and is to be adopted by a new leader says in this time how it stands; else it starts again. */
  adoptMs: 10_000,
  /** What runs for a job master that has ended waits this long to be adopted by another. */
  orphanMs: 20_000,
  /** Whoever follows a job and has heard nothing for this long asks again to be told. */
  followAgainMs: 3_000,
  /** A leader whom another has taken a run from takes it up again after this, if it leads the cluster then. */
  takeUpMs: 2_000,
  /** Unended runs that could not be read are tried again after this. */
  recoverRetryMs: 1_000,
  /** A bundle travels to the job manager in pieces of this size. */
  uploadBytes: 256 * 1024,
  /** So many bundles may be on their way at once. */
  uploads: 4,

  /** A batch closes at about this many bytes … */
  batchBytes: 16 * 1024,
  /** … or this many records … */
  batchRecords: 1_024,
  /** … or after this time (`bufferTimeout`). */
  bufferTimeoutMs: 10,
  /** A poll of a source ends at about this many bytes, or after `batchRecords`. */
  pollBytes: 64 * 1024,
  /** Records that one Kafka partition gives before the next has its turn. */
  kafkaTurnRecords: 256,
  /** One answer of a Kafka broker unless the source says otherwise; two are held at most. */
  kafkaFetchBytes: 4 * 1024 * 1024,
  /** … of which one partition may be this much. */
  kafkaPartitionBytes: 1024 * 1024,
  /** What one compressed batch may open to: it is in memory as a whole. */
  kafkaBatchBytes: 128 * 1024 * 1024,
  /** A topic that Kafka did know and has not known for this long was deleted: no broker takes so long to start. */
  kafkaMissingTopicMs: 5 * 60_000,
  /** A combiner that holds so many keys sends them, before their time: in one turn, which takes some milliseconds … */
  combinedKeys: 16_384,
  /** … and one that holds about this many bytes, of large records: ahead of a barrier they wait for no credit. */
  combinedBytes: 1024 * 1024,
  /** What NATS carries in one message by default. */
  natsPayloadBytes: 1024 * 1024,
  /** No frame is larger: a payload less room for subject and headers. */
  frameBytesMax: 1024 * 1024 - 4 * 1024,
  /** Frames that a channel may have in flight. */
  channelFrames: 32,
  /** Bytes that a channel may have in flight; one frame may always go, however large. */
  channelBytes: 512 * 1024,
  /** The sum of windows of all channels into one subtask stays below this; windows shrink, never under two frames. */
  gateBytes: 8 * 1024 * 1024,
  /** A sender repeats hello this often at first, doubling … */
  helloMs: 50,
  /** … up to this. */
  helloMaxMs: 1_000,
  /** A sender that is idle, or without credit, sends a beacon this often, unless it has heard that all arrived. */
  beaconMs: 500,

  maxParallelism: 32_768,

  /** Values and timers that one slice of a snapshot encodes: about a millisecond's work … */
  captureEntries: 1_024,
  /** … or about this many bytes, of large values. */
  captureBytes: 64 * 1024,
  /** About so many bytes of keyed state make a part, which goes to the store while the next one is encoded. */
  keyedPartBytes: 4 * 1024 * 1024,
  /** Parts of one snapshot that are on their way to the store at once: then encoding waits. */
  keyedPartsUnderWay: 2,
  /** Bytes of a snapshot that are restored in one turn. */
  restoreBytes: 512 * 1024,
  /** Staged rows of a sink that stay in memory; more go to the store as parts before the barrier. */
  stagedBytesInMemory: 8 * 1024 * 1024,
  /** Decided but unconfirmed commits of a sink; above it, the sink stops choosing input. */
  decidedBytesMax: 16 * 1024 * 1024,
  /** Rows of one piece: one statement to the database. */
  pieceRows: 5_000,
  pieceBytes: 1024 * 1024,
  /** Rows of which only the last of each key counts are gathered up to this, before they are cut into pieces. */
  pileBytes: 4 * 1024 * 1024,

  /** A control message is asked again this often until it is answered, or until its sender has no more use for it. */
  controlAsk: { timeoutMs: 10 * 60_000, repeatMs: 1_000 },

  /** A subtask reports its metrics this often. */
  reportMs: 1_000,

  /** A thread that was asked to end and has not after this is terminated. */
  threadEndMs: 1_000,
  /** A slot stuck in user code is terminated this long after it was told to cancel. */
  cancelMs: 5_000,
  /** JetStream is given this long to answer about an entry of the log: while it elects nobody does. */
  logAnswerMs: 2_000,
  /** A step at the log whose outcome is unknown is tried again after this. */
  logRetryMs: 200,
  /** A log that shows less than it has confirmed is asked again for this long: who answers may just have been voted out. */
  logBehindMs: 20_000,
  /** Resolving the splits of a source may take this long: a broker may have to be waited for. */
  resolveMs: 60_000,
  /** Slots that are not free are asked for again after this. */
  slotRetryMs: 250,
  /** A job waits this long for slots, then fails. */
  slotRequestMs: 5 * 60_000,
  /** Checkpoint ids that one entry of the log reserves. */
  reservedIds: 64,
  /** Of the checkpoints that were given up, a barrier names so many: whoever missed one drops it at a newer barrier. */
  abortedIds: 64,
  /** Entries of a job's log that are kept: enough for a reader to meet the ones that it has seen. */
  logEntriesKept: 8,
  /** A run that was begun and is not submitted after this time never will be: bundling and copying take minutes. */
  abandonedRunMs: 24 * 60 * 60_000,
  /** Checkpoints of the past that are kept, and shown. */
  checkpointRecords: 100,
  /** Failures of the past that are kept, and shown. */
  failureRecords: 20,
  /** Attempts of the past that are kept, and shown. */
  attemptRecords: 50,
  /** The texts of what is kept of a run's past are cut at so many characters. */
  historyTextChars: 1_000,
  /** The history of a run is written this often at most … */
  historyEveryMs: 1_000,
  /** … and tried again after this, when the store could not be used … */
  historyRetryMs: 5_000,
  /** … and the end of a run is told once it is written there, or after this. */
  historyEndMs: 1_000,
  /** Bundles larger than this are mentioned … */
  bundleWarnBytes: 1024 * 1024,
  /** … and larger than this refused. */
  bundleBytesMax: 32 * 1024 * 1024,
  /** Importing a job and building its plan may take this long. */
  planMs: 30_000,

  /** What is published between two marks of a NATS connection; two marks' worth may be unanswered. */
  natsMarkBytes: 4 * 1024 * 1024,
  /** … or, of less, so long after the first message: until then it is kept, should nobody be there to take it. */
  natsMarkMs: 20,
  /** What waits in a system for its NATS connection to take more; the rest is reported as lost. */
  natsQueueBytes: 64 * 1024 * 1024,
} as const

assert(LIMITS.frameBytesMax < LIMITS.natsPayloadBytes, 'a frame fits a NATS message')
assert(LIMITS.pollBytes <= LIMITS.channelBytes, 'a poll fits the window of a channel')
assert(LIMITS.kafkaPartitionBytes <= LIMITS.kafkaFetchBytes, 'a partition fits its answer')
assert(LIMITS.batchBytes * 2 <= LIMITS.channelBytes, 'a channel holds two batches at least')
assert(LIMITS.channelBytes <= LIMITS.gateBytes, 'one channel does not outgrow its gate')
assert(LIMITS.combinedBytes <= LIMITS.gateBytes, 'what a combiner sends at once does not outgrow a gate')
// Half of it is stored ahead of the barrier: a sink that is full of less, and of a pile not yet cut, would wait for ever.
assert(LIMITS.pileBytes * 2 <= LIMITS.stagedBytesInMemory, 'a pile is half of the staging memory at most')
assert(LIMITS.pieceBytes <= LIMITS.pileBytes, 'a pile holds a piece')
assert(LIMITS.stagedBytesInMemory <= LIMITS.decidedBytesMax, 'what was staged may be decided')
assert(LIMITS.gateBytes <= LIMITS.natsQueueBytes, 'the window of a subtask fits what may wait for NATS')
assert(LIMITS.uploadBytes <= LIMITS.frameBytesMax / 2, 'a piece of a bundle fits a message')
assert(
  LIMITS.heartbeatMs * 2 < LIMITS.heartbeatTimeoutMinMs * LIMITS.selfFenceShare,
  'one lost answer is no reason to fence itself',
)
assert(
  LIMITS.pingMs <= LIMITS.noResponderMs && LIMITS.pingMs * 10 < LIMITS.peerSilenceMs,
  'silence is many pings',
)
