/**
 * The names that the framework gives to the mappings it generates, by which `resources.extensions` means them.
 * https://github.com/oss-serverless/osls/blob/main/lib/plugins/aws/lib/naming.js
 */
export function kafkaMappingLogicalId(functionKey: string, topic: string): string {
  return `${normalizeResource(functionKey)}EventSourceMappingKafka${normalize(topic).slice(0, 158)}`
}

export function mskMappingLogicalId(functionKey: string, clusterToken: string, topic: string): string {
  const cluster = normalize(clusterToken).slice(0, 79)
  return `${normalizeResource(functionKey)}EventSourceMappingMSK${cluster}${normalize(topic).slice(0, 79)}`
}

function normalizeResource(name: string): string {
  return upperFirst(name.replaceAll('-', 'Dash').replaceAll('_', 'Underscore'))
}

function normalize(name: string): string {
  return upperFirst(name.replaceAll(/[^0-9A-Za-z]/g, ''))
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
