import { describe, expect, test } from '@jest/globals'
import { readS3Event, repeatedS3Event, Sequence } from './s3-event.ts'

const record = (key: string, sequencer: string, more: object = {}) => ({
  eventName: 'ObjectCreated:Put',
  s3: { bucket: { name: 'b' }, object: { key, sequencer } },
  ...more,
})
const read = (...Records: object[]) => readS3Event(JSON.stringify({ Records }), 'b')

describe('an event of S3', () => {
  test('names the written objects, whose keys are encoded as in a form', () => {
    expect(read(record('input/a+b/%C3%A9%2B%281%29', '0055AED6DCD90281E5'), record('x', '1'))).toEqual({
      objects: [
        { key: 'input/a b/é+(1)', sequence: '0055AED6DCD90281E500000000000000' },
        { key: 'x', sequence: `1${'0'.repeat(31)}` },
      ],
    })
  })

  test('of another bucket, or of a deletion, names nothing', () => {
    const other = record('x', '1', {
      s3: { bucket: { name: 'other' }, object: { key: 'x', sequencer: '1' } },
    })
    expect(read(record('x', '1', { eventName: 'ObjectRemoved:Delete' }), other)).toEqual({ objects: [] })
  })

  test('that tests the destination names nothing', () => {
    expect(readS3Event('{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}', 'b')).toEqual({
      objects: [],
    })
  })

  test.each([
    ['no JSON', 'it is not JSON'],
    ['null', /.+/],
    ['{}', /.+/],
    [JSON.stringify({ Records: [record('x', 'not hex')] }), /.+/],
    [JSON.stringify({ Records: [record('%E0%A4%A', '1')] }), 'a key is not encoded as in a form'],
  ])('is unreadable: %s', (body, reason) => {
    expect(readS3Event(body, 'b')).toEqual({ unreadable: expect.stringMatching(reason) })
  })
})

test('sequencers of different lengths compare as S3 says: the shorter one is filled on the right', () => {
  const sequences = ['0055AED6DCD90281E5', '0055AED6DCD90281E50', '0055AED6DCD90281E501', '0055aed6dd']
  const [a = '', same, later, last] = sequences.map((one) => read(record('x', one)).objects?.[0]?.sequence)
  expect(same).toBe(a)
  expect([last, later, a].toSorted()).toEqual([a, later, last])
  for (const sequence of [a, later, last]) expect(Sequence.parse(sequence)).toBe(sequence)
})

test('a repeated event is not older than a write in the same second, and older than one in the next', () => {
  const key = "metadata/app=a/dt=2026-01-01/it's (1)+é.json"
  const seconds = 0x55aed6dc
  const { objects = [] } = readS3Event(
    JSON.stringify(repeatedS3Event('b', key, new Date(seconds * 1000 + 999))),
    'b',
  )
  expect(objects).toMatchObject([{ key }])
  const [same = '', next = ''] = ['0055AED6DCFFFFFFFE', '0055AED6DD00000000'].map(
    (sequencer) => read(record(key, sequencer)).objects?.[0]?.sequence,
  )
  expect([next, objects[0]?.sequence, same].toSorted()).toEqual([same, objects[0]?.sequence, next])
})
