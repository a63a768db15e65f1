-- The Sock Shop's catalogue.
CREATE DATABASE socksdb CHARACTER SET utf8mb4;
USE socksdb;

CREATE TABLE sock (
  sock_id VARCHAR(40) NOT NULL PRIMARY KEY,
  name VARCHAR(20),
  description VARCHAR(200),
  price FLOAT,
  count INT,
  image_url_1 VARCHAR(40),
  image_url_2 VARCHAR(40)
);

CREATE TABLE tag (
  tag_id MEDIUMINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(20)
);

CREATE TABLE sock_tag (
  sock_id VARCHAR(40),
  tag_id MEDIUMINT NOT NULL,
  FOREIGN KEY (sock_id) REFERENCES sock (sock_id),
  FOREIGN KEY (tag_id) REFERENCES tag (tag_id)
);

INSERT INTO tag (tag_id, name) VALUES
  (1, 'brown'),
  (2, 'geek'),
  (3, 'formal'),
  (4, 'blue'),
  (5, 'skin'),
  (6, 'red'),
  (7, 'action'),
  (8, 'sport'),
  (9, 'black'),
  (10, 'magic'),
  (11, 'green');

INSERT INTO sock VALUES
  ('6d62d909-f957-430e-8689-b5129c0bb75e', 'Weave special',
   'Woven like good software: tight where it counts, light everywhere else.',
   17.15, 33, '/catalogue/images/weave1.jpg', '/catalogue/images/weave2.jpg'),
  ('a0a4f044-b040-410d-8ead-4de0446aec7e', 'Nerd leg',
   'For legs that would rather be debugging. Soft, blue, and never in your way.',
   7.99, 115, '/catalogue/images/bit_of_leg_1.jpeg', '/catalogue/images/bit_of_leg_2.jpeg'),
  ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 'Crossed',
   'A mature pattern of crosses for days on which nothing should go wrong.',
   17.32, 738, '/catalogue/images/cross_1.jpeg', '/catalogue/images/cross_2.jpeg'),
  ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 'SuperSport XL',
   'Ready for the track, the gym, and the run to the last train.',
   15, 820, '/catalogue/images/puma_1.jpeg', '/catalogue/images/puma_2.jpeg'),
  ('03fef6ac-1896-4ce8-bd69-b798f85c6e0b', 'Holy',
   'Every hole is where it should be. Made by hand, once, and not again.',
   99.99, 1, '/catalogue/images/holy_1.jpeg', '/catalogue/images/holy_2.jpeg'),
  ('d3588630-ad8e-49df-bbd7-3167f7efb246', 'YouTube.sock',
   'Put it on, press play, and the evening is over before you know it.',
   10.99, 801, '/catalogue/images/youtube_1.jpeg', '/catalogue/images/youtube_2.jpeg'),
  ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 'Figueroa',
   'Zigzags that raise an eyebrow in the meeting and a smile after it.',
   14, 808, '/catalogue/images/WAT.jpg', '/catalogue/images/WAT2.jpg'),
  ('zzz4f044-b040-410d-8ead-4de0446aec7e', 'Classic',
   'The sock that was there before the others. It keeps its word.',
   12, 127, '/catalogue/images/classic.jpg', '/catalogue/images/classic2.jpg'),
  ('3395a43e-2d88-40de-b95f-e00e1502085b', 'Colourful',
   'All the colours that we had, in an order that somehow works.',
   18, 438, '/catalogue/images/colourful_socks.jpg', '/catalogue/images/colourful_socks.jpg'),
  ('837ab141-399e-4c1f-9abc-bace40296bac', 'Cat socks',
   'Warm, independent, and covered in cats. They choose you.',
   15, 175, '/catalogue/images/catsocks.jpg', '/catalogue/images/catsocks2.jpg');

INSERT INTO sock_tag VALUES
  ('6d62d909-f957-430e-8689-b5129c0bb75e', 2), ('6d62d909-f957-430e-8689-b5129c0bb75e', 9),
  ('a0a4f044-b040-410d-8ead-4de0446aec7e', 4), ('a0a4f044-b040-410d-8ead-4de0446aec7e', 5),
  ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 4), ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 6), ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 7), ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 3),
  ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 8), ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 9), ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 3),
  ('03fef6ac-1896-4ce8-bd69-b798f85c6e0b', 10), ('03fef6ac-1896-4ce8-bd69-b798f85c6e0b', 7),
  ('d3588630-ad8e-49df-bbd7-3167f7efb246', 2), ('d3588630-ad8e-49df-bbd7-3167f7efb246', 3),
  ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 3), ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 11), ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 4),
  ('zzz4f044-b040-410d-8ead-4de0446aec7e', 1), ('zzz4f044-b040-410d-8ead-4de0446aec7e', 11),
  ('3395a43e-2d88-40de-b95f-e00e1502085b', 1), ('3395a43e-2d88-40de-b95f-e00e1502085b', 4),
  ('837ab141-399e-4c1f-9abc-bace40296bac', 1), ('837ab141-399e-4c1f-9abc-bace40296bac', 11), ('837ab141-399e-4c1f-9abc-bace40296bac', 3);
