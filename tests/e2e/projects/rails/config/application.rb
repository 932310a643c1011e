require "rails"
require "active_record/railtie"

module Shop
  class Application < Rails::Application
    config.load_defaults 6.1
    config.eager_load = false
    config.secret_key_base = "of the tests"
    config.active_record.dump_schema_after_migration = false
    config.logger = Logger.new($stderr, level: Logger::WARN)
  end
end
