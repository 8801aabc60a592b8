export type Protocol = { name: string; metadata: Buffer }

export type JoinResult = {
  generationId: number
  protocolType: string
  protocolName: string
  leader: string
  memberId: string
  /** For the leader alone, who assigns. */
  members: { memberId: string; groupInstanceId: null; metadata: Buffer }[]
}

export type SyncResult = { protocolType: string; protocolName: string; assignment: Buffer }

/** A consumer in a group, with what it is waiting for. */
export type Member = {
  id: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocols: Protocol[]
  assignment: Buffer
  session?: NodeJS.Timeout
  joining?: PromiseWithResolvers<JoinResult>
  syncing?: PromiseWithResolvers<SyncResult>
}
