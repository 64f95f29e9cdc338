/** A mistake in the operator's configuration: shown in one line without a stack, exit status 78. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'ERR_CONFIG'
}
