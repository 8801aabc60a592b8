import { randomUUID } from 'node:crypto'
import { KafkaError } from '../wire/error-codes.ts'

export interface Protocol {
  name: string
  metadata: Buffer
}

export interface JoinResult {
  generationId: number
  protocolType: string
  protocolName: string
  leader: string
  memberId: string
  /** Empty except for the leader, which assigns partitions. */
  members: { memberId: string; groupInstanceId: null; metadata: Buffer }[]
}

export interface SyncResult {
  protocolType: string
  protocolName: string
  assignment: Buffer
}

/** A consumer in a group, with its pending requests. */
export interface Member {
  id: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocols: Protocol[]
  assignment: Buffer
  session?: NodeJS.Timeout
  joining?: PromiseWithResolvers<JoinResult>
  syncing?: PromiseWithResolvers<SyncResult>
}

export interface Join {
  memberId: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocolType: string
  protocols: Protocol[]
}

export interface Membership {
  memberId: string
  generationId: number
}

/**
 * The classic rebalance protocol. When a member joins, leaves or times out, all members join again (`joining`). Then the
 * leader assigns the partitions (`syncing`), and all consume until the next change (`stable`).
 */
export class ConsumerGroup {
  readonly #members = new Map<string, Member>()
  readonly #pendingMemberIds = new Set<string>()
  #state: 'empty' | 'joining' | 'syncing' | 'stable' = 'empty'
  #generationId = 0
  #leader = ''
  #protocolType = ''
  #protocolName = ''
  #deadline: NodeJS.Timeout | undefined

  /** Issues a member id before the join, so that a retried join does not create a second member (KIP-394). */
  newMemberId(clientId: string): string {
    const memberId = `${clientId}-${randomUUID()}`
    this.#pendingMemberIds.add(memberId)
    return memberId
  }

  async join(request: Join): Promise<JoinResult> {
    const { memberId, protocolType, protocols } = request
    if (this.#state === 'empty') this.#protocolType = protocolType
    if (protocolType !== this.#protocolType || !this.#sharesProtocol(protocols)) {
      throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL')
    }
    const member = this.#pendingMemberIds.delete(memberId) ? this.#admit(request) : this.#member(memberId)
    const { sessionTimeoutMs, rebalanceTimeoutMs } = request
    Object.assign(member, { sessionTimeoutMs, rebalanceTimeoutMs, protocols })
    clearTimeout(member.session)
    member.joining?.reject(new KafkaError('REBALANCE_IN_PROGRESS'))
    member.joining = Promise.withResolvers()
    const joined = member.joining.promise
    if (this.#state === 'joining') this.#completeJoinIfAllJoined()
    else this.#rebalance()
    return joined
  }

  async sync(
    membership: Membership,
    assignments: { memberId: string; assignment: Buffer }[],
  ): Promise<SyncResult> {
    const member = this.#current(membership)
    if (this.#state === 'joining') throw new KafkaError('REBALANCE_IN_PROGRESS')
    if (this.#state === 'stable') return this.#syncResult(member)
    member.syncing = Promise.withResolvers()
    const synced = member.syncing.promise
    if (member.id === this.#leader) this.#assign(assignments)
    return synced
  }

  heartbeat(membership: Membership): void {
    this.#keepAlive(this.#current(membership))
    if (this.#state === 'joining') throw new KafkaError('REBALANCE_IN_PROGRESS')
  }

  leave(memberId: string): void {
    this.#remove(this.#member(memberId))
  }

  /** A negative generation means a commit by a client that is not in the group. */
  checkCommit(membership: Membership): void {
    if (membership.generationId < 0 && this.#members.size === 0) return
    this.#keepAlive(this.#current(membership))
    if (this.#state === 'syncing') throw new KafkaError('REBALANCE_IN_PROGRESS')
  }

  /** Stops the timers. Pending requests get no response. */
  close(): void {
    clearTimeout(this.#deadline)
    for (const { session } of this.#members.values()) clearTimeout(session)
  }

  #admit({ memberId: id, sessionTimeoutMs, rebalanceTimeoutMs, protocols }: Join): Member {
    const member = { id, sessionTimeoutMs, rebalanceTimeoutMs, protocols, assignment: Buffer.alloc(0) }
    this.#members.set(id, member)
    return member
  }

  #member(memberId: string): Member {
    const member = this.#members.get(memberId)
    if (!member) throw new KafkaError('UNKNOWN_MEMBER_ID')
    return member
  }

  #current({ memberId, generationId }: Membership): Member {
    const member = this.#member(memberId)
    if (generationId !== this.#generationId) throw new KafkaError('ILLEGAL_GENERATION')
    return member
  }

  #sharesProtocol(offered: Protocol[]): boolean {
    return offered.some(({ name }) =>
      [...this.#members.values()].every(({ protocols }) => protocols.some((known) => known.name === name)),
    )
  }

  #rebalance(): void {
    this.#state = 'joining'
    for (const member of this.#members.values()) {
      member.syncing?.reject(new KafkaError('REBALANCE_IN_PROGRESS'))
      delete member.syncing
    }
    const timeoutMs = Math.max(
      ...[...this.#members.values()].map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs),
    )
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => this.#dropMissingMembers(), timeoutMs).unref()
    this.#completeJoinIfAllJoined()
  }

  #dropMissingMembers(): void {
    for (const member of this.#members.values()) {
      if (!member.joining) this.#delete(member)
    }
    if (this.#members.size === 0) this.#state = 'empty'
    else this.#completeJoinIfAllJoined()
  }

  #completeJoinIfAllJoined(): void {
    const members = [...this.#members.values()]
    if (members.some(({ joining }) => !joining)) return
    clearTimeout(this.#deadline)
    this.#generationId++
    this.#state = 'syncing'
    if (!this.#members.has(this.#leader)) this.#leader = members[0]?.id ?? ''
    this.#protocolName =
      this.#member(this.#leader).protocols.find(({ name }) =>
        members.every(({ protocols }) => protocols.some((known) => known.name === name)),
      )?.name ?? ''
    for (const member of members) {
      member.joining?.resolve(this.#joinResult(member))
      delete member.joining
      this.#keepAlive(member)
    }
  }

  #joinResult({ id }: Member): JoinResult {
    const members = [...this.#members.values()].map((member) => ({
      memberId: member.id,
      groupInstanceId: null,
      metadata: member.protocols.find(({ name }) => name === this.#protocolName)?.metadata ?? Buffer.alloc(0),
    }))
    return {
      generationId: this.#generationId,
      protocolType: this.#protocolType,
      protocolName: this.#protocolName,
      leader: this.#leader,
      memberId: id,
      members: id === this.#leader ? members : [],
    }
  }

  #assign(assignments: { memberId: string; assignment: Buffer }[]): void {
    this.#state = 'stable'
    for (const member of this.#members.values()) {
      const own = assignments.find(({ memberId }) => memberId === member.id)
      member.assignment = own?.assignment ?? Buffer.alloc(0)
      member.syncing?.resolve(this.#syncResult(member))
      delete member.syncing
    }
  }

  #syncResult({ assignment }: Member): SyncResult {
    return { protocolType: this.#protocolType, protocolName: this.#protocolName, assignment }
  }

  #keepAlive(member: Member): void {
    clearTimeout(member.session)
    if (member.joining) return
    member.session = setTimeout(() => this.#remove(member), member.sessionTimeoutMs).unref()
  }

  #remove(member: Member): void {
    this.#delete(member)
    if (this.#members.size > 0) {
      if (this.#state === 'joining') this.#completeJoinIfAllJoined()
      else this.#rebalance()
      return
    }
    clearTimeout(this.#deadline)
    this.#state = 'empty'
  }

  #delete(member: Member): void {
    clearTimeout(member.session)
    member.joining?.reject(new KafkaError('UNKNOWN_MEMBER_ID'))
    member.syncing?.reject(new KafkaError('UNKNOWN_MEMBER_ID'))
    this.#members.delete(member.id)
  }
}
