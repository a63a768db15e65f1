import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import org.h2.mvstore.MVStore;

/** A Mongo server on one file. What it has acknowledged is on the disk: it syncs the file before each answer to a write. */
public final class Server {
  private static final int PORT = 27017;

  // Each save appends some kilobytes, most of them soon out of date: little and often, space is won back from them.
  private static final int SAVES_BETWEEN_COMPACTIONS = 100;
  private static final int FILL_PERCENT = 50;
  private static final int COMPACTED_BYTES = 1 << 20;

  private static final class Durable extends H2Backend {
    private long saves;

    Durable(MVStore store) {
      super(store);
    }

    @Override
    public Document handleMessage(MongoMessage message) {
      try {
        return super.handleMessage(message);
      } finally {
        save();
      }
    }

    @Override
    public Document handleCommand(Channel channel, String database, String command, Document query) {
      try {
        return super.handleCommand(channel, database, command, query);
      } finally {
        save();
      }
    }

    /** Waits for a save under way: the store calls a change saved as soon as its writing begins. */
    private synchronized void save() {
      if (getMvStore().hasUnsavedChanges()) {
        getMvStore().commit();
        getMvStore().sync();
        saves++;
        if (saves % SAVES_BETWEEN_COMPACTIONS == 0) {
          getMvStore().compact(FILL_PERCENT, COMPACTED_BYTES);
          getMvStore().sync();
        }
      }
    }
  }

  public static void main(String[] arguments) {
    MVStore store = new MVStore.Builder().fileName(arguments[0]).autoCommitDisabled().cacheSize(16).open();
    store.setRetentionTime(0);
    MongoServer server = new MongoServer(new Durable(store));
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown));
    server.bind(new InetSocketAddress("0.0.0.0", PORT));
  }
}
