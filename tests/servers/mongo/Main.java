import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.backend.memory.MemoryCollection;
import de.bwaldvogel.mongo.backend.memory.MemoryDatabase;
import de.bwaldvogel.mongo.bson.Document;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.stream.StreamSupport;

/**
 * mongo-java-server in memory, on loopback, for the tests. Arguments: PORT (0: the system picks one) and PORT_FILE, into
 * which the port is written once the server listens. It runs until it is killed.
 */
public class Main {
    public static void main(String[] arguments) throws Exception {
        MemoryBackend backend = new IndexedBackend();
        backend.version(new AcceptedVersion());
        MongoServer server = new MongoServer(backend);
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
        announce(Path.of(arguments[1]), server.getLocalAddress());
        Thread.currentThread().join();
    }

    private static void announce(Path portFile, InetSocketAddress address) throws Exception {
        Path beside = portFile.resolveSibling(portFile.getFileName() + ".part");
        Files.writeString(beside, address.getPort() + "\n");
        Files.move(beside, portFile, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Every version that the library knows says wire version 8; PyMongo wants at least 9. */
    private static final class AcceptedVersion implements MongoVersion {
        @Override public List<Integer> getVersionArray() { return List.of(5, 0, 0); }

        @Override public int getWireVersion() { return 13; }
    }

    /** The library scans a collection for `{_id: x, other: y}`; here the index on `_id` answers that too. */
    private static final class IndexedBackend extends MemoryBackend {
        @Override public MemoryDatabase openOrCreateDatabase(String name) {
            return new IndexedDatabase(name, getCursorRegistry());
        }
    }

    private static final class IndexedDatabase extends MemoryDatabase {
        private final CursorRegistry cursors;

        IndexedDatabase(String name, CursorRegistry cursors) {
            super(name, cursors);
            this.cursors = cursors;
        }

        @Override protected MemoryCollection openOrCreateCollection(String name, CollectionOptions options) {
            return new IndexedCollection(this, name, options, cursors);
        }
    }

    private static final class IndexedCollection extends MemoryCollection {
        IndexedCollection(MongoDatabase database, String name, CollectionOptions options, CursorRegistry cursors) {
            super(database, name, options, cursors);
        }

        @Override protected QueryResult matchDocuments(
                Document query, Document order, int skip, int limit, int batchSize, Document fields) {
            Object id = query.get("_id");
            if (id != null && !(id instanceof Document) && query.size() > 1) {
                Document byId = new Document("_id", id);
                for (Index<Integer> index : getIndexes()) {
                    if (index.getName().equals("_id_") && index.canHandle(byId)) {
                        return matchDocumentsFromStream(
                            StreamSupport.stream(index.getPositions(byId).spliterator(), false)
                                .map(this::getDocument).filter(Objects::nonNull),
                            query, order, skip, limit, batchSize, fields);
                    }
                }
            }
            return super.matchDocuments(query, order, skip, limit, batchSize, fields);
        }
    }
}
