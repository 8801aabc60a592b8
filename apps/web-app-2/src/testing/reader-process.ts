import { KafkaClient } from 'kafka-crab-js'

const [brokers = '', topic = ''] = process.argv.slice(2)
const client = new KafkaClient({ brokers, clientId: 'reader', logLevel: 'off' })
const consumer = client.createConsumer({
  groupId: `reader-${process.pid}`,
  configuration: { 'auto.offset.reset': 'earliest' },
})
await consumer.subscribe(topic)
for (;;) process.send?.(await consumer.recv())
