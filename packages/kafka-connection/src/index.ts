export { type KafkaConnection, readKafkaConnection } from './read-kafka-connection.ts'
