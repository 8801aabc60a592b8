/** Serverless loads CommonJS only. */
module.exports = async ({ resolveVariable }) => {
  const { kafkaTrigger } = await import('./src/trigger/kafka-trigger.ts')
  return kafkaTrigger(resolveVariable)
}
