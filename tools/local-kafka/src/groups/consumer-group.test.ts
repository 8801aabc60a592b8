import { afterEach, expect, test } from '@jest/globals'
import { ConsumerGroup } from './consumer-group.ts'

let group: ConsumerGroup
afterEach(() => group.close())

function joinAs(memberId: string, { sessionTimeoutMs = 60_000, protocol = 'range' } = {}) {
  return group.join({
    memberId,
    sessionTimeoutMs,
    rebalanceTimeoutMs: 60_000,
    protocolType: 'consumer',
    protocols: [{ name: protocol, metadata: Buffer.from(memberId) }],
  })
}

const assignment = (memberId: string) => ({ memberId, assignment: Buffer.from(`for ${memberId}`) })

/** Two members in their first common generation. */
async function two(sessionTimeoutMs = 60_000) {
  group = new ConsumerGroup()
  const [leader, other] = [group.newMemberId('leader'), group.newMemberId('other')]
  await joinAs(leader)
  const joining = joinAs(other, { sessionTimeoutMs })
  const [{ generationId, members }] = await Promise.all([joinAs(leader), joining])
  return { leader, other, generationId, members }
}

test('the leader sees all members, and each member gets its assignment', async () => {
  const { leader, other, generationId, members } = await two()
  expect(members.map(({ memberId, metadata }) => [memberId, String(metadata)])).toEqual([
    [leader, leader],
    [other, other],
  ])
  const waiting = group.sync({ memberId: other, generationId }, [])
  const own = await group.sync({ memberId: leader, generationId }, [assignment(leader), assignment(other)])
  expect(String(own.assignment)).toBe(`for ${leader}`)
  expect(String((await waiting).assignment)).toBe(`for ${other}`)
})

test('a new member triggers a rebalance, and commits fail until the others have rejoined', async () => {
  const { leader, generationId } = await two()
  await group.sync({ memberId: leader, generationId }, [])
  const newcomer = joinAs(group.newMemberId('newcomer'))
  newcomer.catch(() => {})
  expect(() => group.heartbeat({ memberId: leader, generationId })).toThrow('REBALANCE_IN_PROGRESS')
  const rejoined = joinAs(leader)
  rejoined.catch(() => {})
  expect(() => group.checkCommit({ memberId: leader, generationId: generationId - 1 })).toThrow(
    'ILLEGAL_GENERATION',
  )
  expect(() => group.checkCommit({ memberId: 'stranger', generationId })).toThrow('UNKNOWN_MEMBER_ID')
})

test('a member that sends no heartbeats is removed', async () => {
  const { leader, other, generationId } = await two(50)
  const rejoined = joinAs(leader)
  expect((await rejoined).generationId).toBe(generationId + 1)
  expect(() => group.heartbeat({ memberId: other, generationId })).toThrow('UNKNOWN_MEMBER_ID')
})

test('a rebalance does not wait for a member that left', async () => {
  const { leader, other, generationId } = await two()
  const rejoined = joinAs(leader)
  group.leave(other)
  expect(await rejoined).toMatchObject({ generationId: generationId + 1, leader })
})

test('a member without a common protocol is rejected', async () => {
  const { generationId, leader } = await two()
  await expect(joinAs(group.newMemberId('odd'), { protocol: 'sticky' })).rejects.toThrow(
    'INCONSISTENT_GROUP_PROTOCOL',
  )
  expect(() => group.heartbeat({ memberId: leader, generationId })).not.toThrow()
})
